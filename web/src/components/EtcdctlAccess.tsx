// SPDX-License-Identifier: Apache-2.0
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../api/client';
import type { EtcdCluster } from '../api/generated';
import { Code, CopyButton, ErrorNotice, Section } from './basics';

interface Access {
  endpoints: string[];
  ca: string;
  certificate: string;
  key: string;
  user: string;
}

/** Fetched only when it is asked for: there is a private key in it. */
export function EtcdctlAccess({ project, cluster }: { project: string; cluster: EtcdCluster }) {
  const { t } = useTranslation();
  const [access, setAccess] = useState<Access>();
  const [error, setError] = useState<unknown>();
  const name = cluster.metadata.name;
  if (cluster.spec.runtime === 'external') return null;
  const show = () => {
    setError(undefined);
    call<Access>(`/etcd-credentials/${encodeURIComponent(project)}/${encodeURIComponent(name)}`).then(setAccess, setError);
  };
  const command = access && `ETCDCTL_API=3 etcdctl --endpoints ${access.endpoints.join(',')} --cacert ${name}-ca.crt --cert ${name}.crt --key ${name}.key endpoint health`;
  const save = (file: string, text: string) => {
    const url = URL.createObjectURL(new Blob([text], { type: 'application/x-pem-file' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  };
  return (
    <Section title={t('cluster.access')} description={t('cluster.accessText')} actions={access ? <Button size="small" onClick={() => setAccess(undefined)}>{t('cluster.hideAccess')}</Button> : <Button size="small" variant="outlined" onClick={show}>{t('cluster.showAccess')}</Button>}>
      {error !== undefined && <ErrorNotice error={error} onRetry={show} />}
      {access && command ? (
        <>
          <Box sx={{ display: 'flex', gap: 1, flexWrap: 'wrap', mb: 1.5 }}>
            <Button size="small" variant="outlined" onClick={() => save(`${name}-ca.crt`, access.ca)}>{name}-ca.crt</Button>
            <Button size="small" variant="outlined" onClick={() => save(`${name}.crt`, access.certificate)}>{name}.crt</Button>
            <Button size="small" variant="outlined" onClick={() => save(`${name}.key`, access.key)}>{name}.key</Button>
          </Box>
          <Box sx={{ display: 'flex', alignItems: 'start', gap: 1, p: 1.5, borderRadius: 2, backgroundColor: 'action.hover' }}><Box sx={{ flex: 1, minWidth: 0 }}><Code>{command}</Code></Box><CopyButton text={command} /></Box>
          <Box sx={{ mt: 1, color: 'text.secondary', fontSize: '0.875rem' }}>{t('cluster.accessCli')} <Code>tresor cluster credentials {name} -n {project}</Code></Box>
        </>
      ) : null}
    </Section>
  );
}

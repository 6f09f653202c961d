// SPDX-License-Identifier: Apache-2.0
// Make a cluster that Tresor runs, or connect one that runs elsewhere: the latter is tried before it is saved.
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import FormControl from '@mui/material/FormControl';
import FormControlLabel from '@mui/material/FormControlLabel';
import FormLabel from '@mui/material/FormLabel';
import MenuItem from '@mui/material/MenuItem';
import Radio from '@mui/material/Radio';
import RadioGroup from '@mui/material/RadioGroup';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { ApiError, call, createObject, deleteObject } from '../api/client';
import type { EtcdCluster } from '../api/generated';
import { useLive } from '../api/live';
import type { KubeObject } from '../api/meta';
import { say } from '../components/basics';
import { Detail } from '../components/said';
import { FormDialog } from '../components/dialogs';
import { formatBytes } from '../lib/format';
import { nameProblem } from '../lib/model';
import { clustersWanted } from '../lib/wanted';

interface Trial {
  reached: boolean;
  message?: string;
  members: { name: string; endpoint: string; healthy: boolean; message: string; version?: string; dbSize?: number; leader?: boolean }[];
}
interface Secret extends KubeObject {
  type: string;
  data: Record<string, string>;
}

const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

export default function ClusterDialog({ project, onClose }: { project: string; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const [, navigate] = useLocation();
  const clusters = useLive<EtcdCluster>(clustersWanted(project));
  const [kind, setKind] = useState<'local' | 'external'>('local');
  const [name, setName] = useState('');
  const [replicas, setReplicas] = useState(3);
  const [version, setVersion] = useState('');
  const [quota, setQuota] = useState('');
  const [access, setAccess] = useState({ endpoints: '', ca: '', certificate: '', key: '', user: '', password: '' });
  const [trial, setTrial] = useState<{ of: string; result?: Trial; error?: unknown; busy: boolean }>();
  const [busy, setBusy] = useState(false);
  const outcome = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (trial && !trial.busy) outcome.current?.scrollIntoView({ block: 'nearest' });
  }, [trial]);
  const [error, setError] = useState<unknown>();

  const found = nameProblem(name);
  const nameText = name === '' ? undefined : clusters.items.some((one) => one.metadata.name === name) ? t('names.taken') : found && t(`names.${found}`);
  const endpoints = access.endpoints.split(/[\s,]+/).filter(Boolean);
  const badEndpoint = endpoints.find((one) => !/^https?:\/\/[^/?#\s]+$/.test(one));
  const versionProblem = version !== '' && !/^3\.\d{1,2}(\.\d{1,3})?$/.test(version) ? t('clusterDialog.versionProblem') : undefined;
  const quotaProblem = quota !== '' && !/^\d{1,4}$/.test(quota) ? t('clusterDialog.quotaProblem') : undefined;
  const now = JSON.stringify(access);
  const reached = trial?.of === now && trial.result?.reached === true;
  const change = (field: keyof typeof access) => (event: { target: { value: string } }) => setAccess({ ...access, [field]: event.target.value });

  const tryIt = async () => {
    setTrial({ of: now, busy: true });
    try {
      const result = await call<Trial>('/page/etcd', {
        method: 'POST', body: { endpoints, ca: access.ca, certificate: access.certificate, key: access.key, user: access.user, password: access.password },
      });
      setTrial({ of: now, busy: false, result });
    } catch (problem) {
      setTrial({ of: now, busy: false, error: problem });
    }
  };

  const makeSecret = async (secretName: string, type: string, data: Record<string, string>) => {
    const filled = Object.fromEntries(Object.entries(data).filter(([, value]) => value !== '').map(([key, value]) => [key, base64(value)]));
    const object: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: secretName, namespace: project }, type, data: filled };
    try {
      await createObject('secrets', object);
    } catch (problem) {
      if (!(problem instanceof ApiError && problem.reason === 'AlreadyExists')) throw problem;
      // From a try before this one: what is typed now holds.
      await deleteObject('secrets', project, secretName);
      await createObject('secrets', object);
    }
  };

  const submit = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const spec: Record<string, unknown> = { runtime: kind };
      if (kind === 'local') {
        spec.replicas = replicas;
        if (version) spec.version = version;
        if (quota) spec.quotaBackendBytes = Number(quota) * 2 ** 30;
      } else {
        spec.endpoints = endpoints;
        const tls = access.ca !== '' || access.certificate !== '' || access.key !== '';
        if (tls) spec.tlsSecretRef = { name: `${name}-etcd-tls` };
        if (access.user) spec.authSecretRef = { name: `${name}-etcd-auth` };
      }
      const object = { apiVersion: 'tresor.dev/v1' as const, kind: 'EtcdCluster' as const, metadata: { name, namespace: project }, spec: spec as unknown as EtcdCluster['spec'] };
      await createObject('etcdclusters', object, true); // before any secret is left behind
      if (spec.tlsSecretRef) await makeSecret(`${name}-etcd-tls`, 'Opaque', { 'ca.crt': access.ca, 'tls.crt': access.certificate, 'tls.key': access.key });
      if (spec.authSecretRef) await makeSecret(`${name}-etcd-auth`, 'Opaque', { username: access.user, password: access.password });
      await createObject('etcdclusters', object);
      say(kind === 'local' ? t('clusterDialog.made', { name }) : t('clusterDialog.connected', { name }));
      onClose();
      navigate(`/projects/${project}/clusters/${name}`);
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };

  const complete = name !== '' && nameText === undefined && (kind === 'local' ? !versionProblem && !quotaProblem : endpoints.length > 0 && !badEndpoint && reached);
  const pem = (field: 'ca' | 'certificate' | 'key', label: string) => (
    <TextField label={label} value={access[field]} onChange={change(field)} multiline minRows={2} maxRows={5} placeholder="-----BEGIN …" slotProps={{ htmlInput: { spellCheck: false, style: { fontFamily: 'monospace', fontSize: 12 } } }} />
  );
  return (
    <FormDialog
      title={t('clusterDialog.title')} submitLabel={kind === 'local' ? t('common.create') : t('clusterDialog.connect')} disabled={!complete} busy={busy} error={error}
      onSubmit={() => void submit()} onClose={onClose}
    >
      <Stack spacing={2.25} sx={{ mt: 0.5 }}>
        <FormControl>
          <FormLabel id="kind-label">{t('clusterDialog.kind')}</FormLabel>
          <RadioGroup aria-labelledby="kind-label" value={kind} onChange={(event) => setKind(event.target.value as 'local' | 'external')}>
            <FormControlLabel value="local" control={<Radio size="small" />} label={t('clusterDialog.local')} />
            <FormControlLabel value="external" control={<Radio size="small" />} label={t('clusterDialog.external')} />
          </RadioGroup>
        </FormControl>
        <TextField
          autoFocus label={t('common.name')} value={name} onChange={(event) => setName(event.target.value)} error={nameText !== undefined} helperText={nameText ?? t('names.hint')}
          autoComplete="off" slotProps={{ htmlInput: { autoCapitalize: 'none', spellCheck: false } }}
        />
        {kind === 'local' ? (
          <>
            <TextField select label={t('clusters.members')} value={replicas} onChange={(event) => setReplicas(Number(event.target.value))} helperText={t('clusterDialog.membersHint')}>
              {[1, 3, 5, 7].map((number) => <MenuItem key={number} value={number}>{number}</MenuItem>)}
            </TextField>
            <TextField label={t('clusterDialog.version')} value={version} onChange={(event) => setVersion(event.target.value.trim())} error={versionProblem !== undefined} helperText={versionProblem ?? t('clusterDialog.versionHint')} />
            <TextField label={t('clusterDialog.quota')} value={quota} onChange={(event) => setQuota(event.target.value.trim())} error={quotaProblem !== undefined} helperText={quotaProblem ?? t('clusterDialog.quotaHint')} slotProps={{ htmlInput: { inputMode: 'numeric' } }} />
            <Alert severity="info">{t('clusterDialog.defaults')}</Alert>
          </>
        ) : (
          <>
            <Alert severity="info">{t('clusterDialog.externalText')}</Alert>
            <TextField
              label={t('clusterDialog.endpoints')} value={access.endpoints} onChange={change('endpoints')} multiline minRows={2} placeholder="https://10.0.0.1:2379"
              error={badEndpoint !== undefined} helperText={badEndpoint ? t('clusterDialog.badEndpoint', { endpoint: badEndpoint }) : t('clusterDialog.endpointsHint')} slotProps={{ htmlInput: { spellCheck: false } }}
            />
            {pem('ca', t('clusterDialog.ca'))}
            {pem('certificate', t('clusterDialog.certificate'))}
            {pem('key', t('clusterDialog.key'))}
            <Stack direction={{ xs: 'column', sm: 'row' }} spacing={2}>
              <TextField label={t('clusterDialog.user')} value={access.user} onChange={change('user')} autoComplete="off" />
              <TextField label={t('login.password')} type="password" value={access.password} onChange={change('password')} autoComplete="new-password" />
            </Stack>
            <Box aria-live="polite" ref={outcome}>
              <Button variant="outlined" onClick={() => void tryIt()} disabled={endpoints.length === 0 || badEndpoint !== undefined || trial?.busy === true}>
                {trial?.busy ? t('clusterDialog.trying') : t('clusterDialog.try')}
              </Button>
              {trial?.of === now && trial.result && (
                <Alert severity={trial.result.reached ? 'success' : 'error'} sx={{ mt: 1.5 }}>
                  {trial.result.reached ? t('clusterDialog.reached', { count: trial.result.members.length }) : t('clusterDialog.notReached')}
                  <Detail>{trial.result.message}</Detail>
                  <Box component="ul" sx={{ m: 0, pl: 2 }}>
                    {trial.result.members.map((member) => (
                      <li key={member.name + member.endpoint}>
                        {member.name}{member.leader ? ` (${t('cluster.leader')})` : ''}: {member.healthy ? t('cluster.healthy') : t('cluster.unhealthy')}
                        {member.version ? `, etcd ${member.version}` : ''}{member.dbSize !== undefined ? `, ${formatBytes(member.dbSize, i18n.language)}` : ''}
                        <Detail>{member.message}</Detail>
                      </li>
                    ))}
                  </Box>
                </Alert>
              )}
              {trial?.of === now && trial.error !== undefined && <Alert severity="error" sx={{ mt: 1.5 }}>{t('errors.unexpected')}<Detail>{trial.error instanceof Error ? trial.error.message : undefined}</Detail></Alert>}
              {!reached && <Box sx={{ mt: 1, fontSize: '0.875rem', color: 'text.secondary' }}>{t('clusterDialog.tryFirst')}</Box>}
            </Box>
          </>
        )}
      </Stack>
    </FormDialog>
  );
}


// SPDX-License-Identifier: Apache-2.0
import Alert from '@mui/material/Alert';
import { useTranslation } from 'react-i18next';
import type { EtcdCluster } from '../api/generated';
import { clusterFacts, clusterPhase } from '../lib/model';
import { Detail } from './said';

/** What is the matter with a cluster that does not simply run, and what can be done about it. */
export function ClusterTrouble({ cluster }: { cluster: EtcdCluster }) {
  const { t } = useTranslation();
  const phase = clusterPhase(cluster);
  if (phase !== 'Degraded' && phase !== 'Unreachable' && phase !== 'Creating') return null;
  const external = cluster.spec.runtime === 'external';
  const { alarms } = clusterFacts(cluster);
  return (
    <Alert severity={phase === 'Unreachable' ? 'error' : phase === 'Degraded' ? 'warning' : 'info'} sx={{ mb: 2 }}>
      {external ? t(`cluster.externalPhase.${phase}`) : t(`cluster.phaseText.${phase}`, { ready: cluster.status?.ready ?? '–' })}
      {alarms.includes('NOSPACE') && <div>{t('cluster.alarmNoSpace')}</div>}
      {alarms.includes('CORRUPT') && <div>{t('cluster.alarmCorrupt')}</div>}
      <Detail>{cluster.status?.message}</Detail>
    </Alert>
  );
}

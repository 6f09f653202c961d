// SPDX-License-Identifier: Apache-2.0
// How Tresor itself is: ready or not, what waits, which destinations work.
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { ApiError, send } from '../api/client';
import type { BackupDestination, EtcdBackup, EtcdCluster, EtcdRestore } from '../api/generated';
import { live, useLive } from '../api/live';
import { useStore } from '../api/store';
import { ErrorNotice, Facts, Link, Loading, PageHeader, Section, useNow, When } from '../components/basics';
import { Detail } from '../components/said';
import { BackupStatus, ClusterStatus, RestoreStatus, Status } from '../components/status';
import { formatDuration } from '../lib/format';
import { backupPhase, clusterPhase, clusterTone, condition, restoreIsOver, timeOf } from '../lib/model';
import { fetchSettings } from '../lib/settings';
import { clustersWanted, destinationsWanted, restoresWanted } from '../lib/wanted';

export default function Health() {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const connection = useStore(live.connection);
  // Asked again when the connection comes back or goes: that is when it may have changed.
  const ready = useQuery({
    queryKey: ['ready', connection],
    retry: false,
    queryFn: async () => {
      try {
        return await (await send('/readyz')).text();
      } catch (error) {
        if (error instanceof ApiError && error.code === 503) return error.message;
        throw error;
      }
    },
  });
  const settings = useQuery({ queryKey: ['settings'], queryFn: fetchSettings });
  // Only what is under way: a field selector takes one phase, so there is one watch for each.
  const unfinished = (phase: string) => ({ resource: 'etcdbackups' as const, fieldSelector: `status.phase=${phase}`, fields: 'spec.cluster.name,status.phase,status.startTime,status.message' });
  const pending = useLive<EtcdBackup>(unfinished('Pending'));
  const running = useLive<EtcdBackup>(unfinished('Running'));
  const verifying = useLive<EtcdBackup>(unfinished('Verifying'));
  const clusters = useLive<EtcdCluster>(clustersWanted(undefined));
  const restores = useLive<EtcdRestore>(restoresWanted(undefined));
  const destinations = useLive<BackupDestination>(destinationsWanted);
  if (!clusters.ready || !destinations.ready) return <Loading />;

  const queue = [...running.items, ...verifying.items, ...pending.items].sort((a, b) => timeOf(a.metadata.creationTimestamp) - timeOf(b.metadata.creationTimestamp));
  const active = restores.items.filter((restore) => !restoreIsOver(restore));
  const troubled = clusters.items.filter((cluster) => ['bad', 'warning'].includes(clusterTone[clusterPhase(cluster)]));
  const list = { listStyle: 'none', m: 0, p: 0 } as const;
  const row = { display: 'flex', columnGap: 2, flexWrap: 'wrap', py: 0.75, borderTop: 1, borderColor: 'divider', '&:first-of-type': { borderTop: 0 } } as const;
  return (
    <>
      <PageHeader title={t('nav.health')} description={t('health.description')} />
      {ready.error ? <ErrorNotice error={ready.error} onRetry={() => void ready.refetch()} /> : ready.data && (
        ready.data.trim() === 'ok'
          ? <Alert severity="success" sx={{ mb: 2 }}>{t('health.ready')}</Alert>
          : <Alert severity="error" sx={{ mb: 2 }}>{t('health.notReady')}<Detail>{ready.data}</Detail></Alert>
      )}
      <Section title={t('health.server')}>
        <Facts
          facts={[
            [t('health.version'), settings.data?.version ?? '–'],
            [t('health.since'), settings.data ? formatDuration(now.getTime() - timeOf(settings.data.startTime), i18n.language) : '–'],
            [t('health.page'), <Status tone={connection === 'live' ? 'good' : connection === 'broken' ? 'bad' : 'busy'} text={t(`health.connection.${connection}`)} />],
            [t('health.metrics'), <a href="/metrics">/metrics</a>],
          ]}
        />
      </Section>
      <Section title={t('health.queue')} description={t('health.queueText', { running: running.items.length + verifying.items.length, limit: settings.data?.maxParallelBackups ?? '–', waiting: pending.items.length })}>
        {queue.length === 0 ? t('health.queueEmpty') : (
          <Box component="ul" sx={list}>
            {queue.slice(0, 30).map((backup) => (
              <Box component="li" key={`${backup.metadata.namespace}/${backup.metadata.name}`} sx={row}>
                <BackupStatus backup={backup} /><Link to={`/projects/${backup.metadata.namespace}/backups/${backup.metadata.name}`}>{backup.metadata.namespace}/{backup.metadata.name}</Link>
                {backupPhase(backup) !== 'Pending' && <When time={backup.status?.startTime} />}
              </Box>
            ))}
          </Box>
        )}
      </Section>
      <Section title={t('health.restores')}>
        {active.length === 0 ? t('health.noRestores') : (
          <Box component="ul" sx={list}>
            {active.map((restore) => (
              <Box component="li" key={restore.metadata.uid} sx={row}><RestoreStatus restore={restore} /><Link to={`/projects/${restore.metadata.namespace}/restores/${restore.metadata.name}`}>{restore.metadata.namespace}/{restore.metadata.name}</Link></Box>
            ))}
          </Box>
        )}
      </Section>
      <Section title={t('health.clusters')}>
        {troubled.length === 0 ? t('health.noTrouble', { count: clusters.items.length }) : (
          <Box component="ul" sx={list}>
            {troubled.slice(0, 50).map((cluster) => (
              <Box component="li" key={cluster.metadata.uid} sx={row}>
                <ClusterStatus cluster={cluster} /><Link to={`/projects/${cluster.metadata.namespace}/clusters/${cluster.metadata.name}`}>{cluster.metadata.namespace}/{cluster.metadata.name}</Link>
                <Box sx={{ flexBasis: '100%' }}><Detail>{cluster.status?.message}</Detail></Box>
              </Box>
            ))}
          </Box>
        )}
      </Section>
      <Section title={t('nav.destinations')}>
        <Box component="ul" sx={list}>
          {destinations.items.map((one) => {
            const state = condition(one, 'Ready');
            return (
              <Box component="li" key={one.metadata.name} sx={row}>
                <Status tone={state?.status === 'True' ? 'good' : 'bad'} text={t(state?.status === 'True' ? 'destinations.ready' : 'destinations.notReady')} /><strong>{one.metadata.name}</strong>
                <Box sx={{ flexBasis: '100%' }}><Detail>{state?.message}</Detail></Box>
              </Box>
            );
          })}
        </Box>
      </Section>
    </>
  );
}

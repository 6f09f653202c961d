// SPDX-License-Identifier: Apache-2.0
import LinearProgress from '@mui/material/LinearProgress';
import { useTranslation } from 'react-i18next';
import type { ProjectProps } from '../App';
import type { EtcdRestore } from '../api/generated';
import { useLive } from '../api/live';
import { Empty, Link, Loading, PageHeader, useNow, When } from '../components/basics';
import { InShort } from '../components/said';
import { DataTable, OnNarrow, type Column } from '../components/DataTable';
import { RestoreStatus } from '../components/status';
import { formatDuration } from '../lib/format';
import { failedStep, milliseconds, restoreIsOver, restorePhase, timeOf } from '../lib/model';
import { restoresWanted } from '../lib/wanted';

function Result({ restore }: { restore: EtcdRestore }) {
  const { t } = useTranslation();
  if (restorePhase(restore) === 'Completed') return t('restore.resultCompleted');
  const step = failedStep(restore);
  return <>{restorePhase(restore) === 'Failed' && step && t('restore.failedAt', { step: t(`restore.stepNames.${step}`) })}<InShort>{restore.status?.message}</InShort></>;
}

export default function Restores({ project }: ProjectProps) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const restores = useLive<EtcdRestore>(restoresWanted(project));
  if (!restores.ready) return <Loading />;
  const hrefOf = (restore: EtcdRestore) => `/projects/${project}/restores/${restore.metadata.name}`;
  const started = (restore: EtcdRestore) => restore.status?.startTime ?? restore.metadata.creationTimestamp;
  const took = (restore: EtcdRestore) => milliseconds(started(restore), restore.status?.completionTime ?? now.toISOString());
  const columns: Column<EtcdRestore>[] = [
    {
      id: 'name', header: t('common.name'), sort: (restore) => restore.metadata.name,
      cell: (restore) => (
        <>
          <Link to={hrefOf(restore)}>{restore.metadata.name}</Link>
          <OnNarrow below="sm"><RestoreStatus restore={restore} /> · <When time={started(restore)} /></OnNarrow>
        </>
      ),
    },
    { id: 'cluster', header: t('config.cluster'), sort: (restore) => restore.spec.cluster.name, cell: (restore) => <Link to={`/projects/${project}/clusters/${restore.spec.cluster.name}`}>{restore.spec.cluster.name}</Link>, hideBelow: 'md', width: '140px' },
    { id: 'backup', header: t('restore.backup'), sort: (restore) => restore.spec.backup.name, cell: (restore) => <Link to={`/projects/${project}/backups/${restore.spec.backup.name}`}>{restore.spec.backup.name}</Link>, hideBelow: 'lg' },
    {
      id: 'phase', header: t('restore.state'), sort: (restore) => restorePhase(restore), hideBelow: 'sm', width: '220px',
      cell: (restore) => (
        <>
          <RestoreStatus restore={restore} />
          {!restoreIsOver(restore) && <LinearProgress variant={restore.status?.progress?.bytesTotal ? 'determinate' : 'indeterminate'} value={restore.status?.progress?.percent ?? 0} aria-label={t('restore.progress')} sx={{ mt: 0.5 }} />}
        </>
      ),
    },
    { id: 'started', header: t('restore.started'), sort: (restore) => timeOf(started(restore)), cell: (restore) => <When time={started(restore)} also="moment" />, hideBelow: 'sm', width: '150px' },
    { id: 'took', header: t('restore.took'), sort: (restore) => took(restore) ?? 0, cell: (restore) => formatDuration(took(restore), i18n.language), hideBelow: 'md', width: '110px' },
    { id: 'result', header: t('restore.result'), cell: (restore) => (restoreIsOver(restore) ? <Result restore={restore} /> : '–'), hideBelow: 'lg', width: '230px' },
  ];
  return (
    <>
      <PageHeader title={t('nav.restores')} description={t('restore.listDescription')} />
      <DataTable
        label={t('nav.restores')} rows={restores.items} columns={columns} rowKey={(restore) => restore.metadata.name} rowName={(restore) => restore.metadata.name} hrefOf={hrefOf}
        textOf={(restore) => `${restore.metadata.name} ${restore.spec.cluster.name} ${restore.spec.backup.name} ${t(`restorePhase.${restorePhase(restore)}`)}`}
        initialSort={{ column: 'started', descending: true }}
        empty={<Empty title={t('restore.emptyTitle')} action={<Link to={`/projects/${project}/backups`}>{t('nav.backups')}</Link>}>{t('restore.emptyText')}</Empty>}
      />
    </>
  );
}

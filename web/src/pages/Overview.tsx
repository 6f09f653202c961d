// SPDX-License-Identifier: Apache-2.0
// Of a project, or of all: who needs somebody first, how the days went, what it costs.
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Card from '@mui/material/Card';
import Typography from '@mui/material/Typography';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { EtcdBackup, EtcdBackupConfig, EtcdCluster } from '../api/generated';
import { useLive } from '../api/live';
import { Empty, Link, Loading, PageHeader, Section, useNow, When } from '../components/basics';
import { Compare, HeatMap, type Day } from '../components/charts';
import { DataTable, OnNarrow, type Column } from '../components/DataTable';
import { ClusterStatus, Status } from '../components/status';
import { formatBytes, formatNumber } from '../lib/format';
import { backupPhase, backupTime, byNeed, configHealth, nextRun, proofOf, timeOf, type Tone } from '../lib/model';
import { backupsWanted, clustersWanted, configsWanted } from '../lib/wanted';

const dayCount = 28;

interface Row {
  cluster: EtcdCluster;
  newest: EtcdBackup | undefined;
  configs: EtcdBackupConfig[];
  need: 'none' | 'unproven' | 'unhealthy' | 'fine' | 'unscheduled';
}
const needTone: Record<Row['need'], Tone> = { none: 'bad', unhealthy: 'bad', unproven: 'warning', unscheduled: 'warning', fine: 'good' };
const needOrder: Row['need'][] = ['none', 'unhealthy', 'unproven', 'unscheduled', 'fine'];

export default function Overview({ project }: { project: string | undefined }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const clusters = useLive<EtcdCluster>(clustersWanted(project));
  const configs = useLive<EtcdBackupConfig>(configsWanted(project));
  const backups = useLive<EtcdBackup>(backupsWanted(project));

  const rows = useMemo(() => {
    const keyOf = (namespace: string | undefined, name: string) => `${namespace}/${name}`;
    const newest = new Map<string, EtcdBackup>();
    for (const backup of backups.items) {
      if (backupPhase(backup) !== 'Completed') continue;
      const key = keyOf(backup.metadata.namespace, backup.spec.cluster.name);
      const other = newest.get(key);
      if (!other || timeOf(backupTime(other)) < timeOf(backupTime(backup))) newest.set(key, backup);
    }
    const byCluster = new Map<string, EtcdBackupConfig[]>();
    for (const config of configs.items) {
      const key = keyOf(config.metadata.namespace, config.spec.cluster.name);
      byCluster.set(key, [...(byCluster.get(key) ?? []), config]);
    }
    return byNeed(clusters.items).map((cluster): Row => {
      const key = keyOf(cluster.metadata.namespace, cluster.metadata.name);
      const last = newest.get(key);
      const its = byCluster.get(key) ?? [];
      const need = !last ? 'none'
        : its.some((config) => configHealth(config) === 'unhealthy') ? 'unhealthy'
          : proofOf(last).state !== 'proven' ? 'unproven'
            : !its.some((config) => !config.spec.suspend) ? 'unscheduled' : 'fine';
      return { cluster, newest: last, configs: its, need };
    });
  }, [clusters.items, configs.items, backups.items]);

  const today = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const days = useMemo(() => {
    const list: Day[] = [];
    for (let i = dayCount - 1; i >= 0; i -= 1) {
      const day = new Date(today);
      day.setDate(day.getDate() - i);
      list.push({ day, good: 0, partly: 0, failed: 0 });
    }
    const index = new Map(list.map((entry) => [entry.day.toDateString(), entry]));
    for (const backup of backups.items) {
      const entry = index.get(new Date(backupTime(backup) ?? 0).toDateString());
      const phase = backupPhase(backup);
      if (!entry) continue;
      if (phase === 'Failed') entry.failed += 1;
      else if (phase === 'Completed') {
        if (proofOf(backup).state === 'proven') entry.good += 1;
        else entry.partly += 1;
      }
    }
    return list;
  }, [backups.items, today]);

  if (!clusters.ready || !configs.ready || !backups.ready) return <Loading />;
  const completed = backups.items.filter((backup) => backupPhase(backup) === 'Completed');
  const logical = completed.reduce((sum, backup) => sum + (backup.status?.snapshot?.dbSize ?? 0), 0);
  const stored = completed.reduce((sum, backup) => sum + (backup.status?.stored?.newBytes ?? 0), 0);
  const needing = rows.filter((row) => row.need === 'none' || row.need === 'unhealthy').length;
  const hrefOf = ({ cluster }: Row) => `/projects/${cluster.metadata.namespace}/clusters/${cluster.metadata.name}`;
  const columns: Column<Row>[] = [
    {
      id: 'name', header: t('config.cluster'), sort: ({ cluster }) => cluster.metadata.name,
      cell: (row) => (
        <>
          <Link to={hrefOf(row)}>{row.cluster.metadata.name}</Link>
          {!project && <Typography variant="body2" color="text.secondary">{row.cluster.metadata.namespace}</Typography>}
          <OnNarrow below="sm"><Status tone={needTone[row.need]} text={t(`overview.need.${row.need}`)} /></OnNarrow>
        </>
      ),
    },
    { id: 'need', header: t('overview.protection'), sort: ({ need }) => needOrder.indexOf(need), cell: ({ need }) => <Status tone={needTone[need]} text={t(`overview.need.${need}`)} icon={need === 'fine' ? 'shield' : undefined} />, hideBelow: 'sm', width: '290px' },
    { id: 'last', header: t('clusters.lastBackup'), sort: ({ newest }) => timeOf(newest && backupTime(newest)), cell: ({ newest }) => <When time={newest && backupTime(newest)} none={t('clusters.noBackup')} />, hideBelow: 'md', width: '170px' },
    { id: 'next', header: t('clusters.nextBackup'), sort: ({ configs: its }) => nextRun(its) ?? '~', cell: ({ configs: its }) => <When time={nextRun(its)} none={t('clusters.noneScheduled')} />, hideBelow: 'lg', width: '150px' },
    { id: 'phase', header: t('clusters.state'), cell: ({ cluster }) => <ClusterStatus cluster={cluster} />, hideBelow: 'lg', width: '160px' },
  ];
  const figure = (value: string, text: string, bad = false) => (
    <Card sx={{ p: 2 }}>
      <Typography sx={{ fontSize: '1.7rem', fontWeight: 700, lineHeight: 1.2, color: bad ? 'error.main' : undefined }}>{value}</Typography>
      <Typography variant="body2" color="text.secondary">{text}</Typography>
    </Card>
  );
  const number = (value: number) => formatNumber(value, i18n.language);
  return (
    <>
      <PageHeader title={project ? t('overview.title', { project }) : t('overview.allTitle')} description={t('overview.description')} />
      {clusters.items.length === 0 ? (
        <Card><Empty title={t('clusters.emptyTitle')} action={project && <Link to={`/projects/${project}/clusters`}>{t('config.toClusters')}</Link>}>{t('clusters.emptyText')}</Empty></Card>
      ) : (
        <>
          <Box role="status">
            {needing > 0
              ? <Alert severity="error" sx={{ mb: 2 }}>{t('overview.needing', { count: needing })}</Alert>
              : <Alert severity="success" sx={{ mb: 2 }}>{t('overview.noneNeeding')}</Alert>}
          </Box>
          <Box sx={{ display: 'grid', gridTemplateColumns: { xs: '1fr 1fr', md: 'repeat(4, 1fr)' }, gap: 2, mb: 2.5 }}>
            {figure(number(clusters.items.length), t('overview.clusters', { count: clusters.items.length }))}
            {figure(number(needing), t('overview.withoutGood', { count: needing }), needing > 0)}
            {figure(number(completed.length), t('overview.completed', { count: completed.length }))}
            {figure(number(completed.filter((backup) => proofOf(backup).state === 'proven').length), t('overview.proven'))}
          </Box>
          <Typography variant="h2" sx={{ mb: 1 }}>{t('overview.byNeed')}</Typography>
          <DataTable
            label={t('overview.byNeed')} rows={rows} columns={columns} rowKey={({ cluster }) => `${cluster.metadata.namespace}/${cluster.metadata.name}`} rowName={({ cluster }) => cluster.metadata.name}
            hrefOf={hrefOf} textOf={({ cluster, need }) => `${cluster.metadata.namespace} ${cluster.metadata.name} ${t(`overview.need.${need}`)}`} initialSort={{ column: 'need', descending: false }} empty={null}
          />
          <Box sx={{ display: 'grid', gridTemplateColumns: { xs: '1fr', md: '1fr 1fr' }, columnGap: 2.5, mt: 2.5 }}>
            <Section title={t('overview.days')} description={t('overview.daysText')}><HeatMap days={days} label={t('overview.days')} /></Section>
            <Section title={t('overview.room')} description={t('overview.roomText')}>
              <Compare rows={[
                { label: t('overview.logical'), value: logical, text: formatBytes(logical, i18n.language) },
                { label: t('overview.stored'), value: stored, text: formatBytes(stored, i18n.language) },
              ]} />
            </Section>
          </Box>
        </>
      )}
    </>
  );
}

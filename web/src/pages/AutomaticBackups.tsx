// SPDX-License-Identifier: Apache-2.0
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import IconButton from '@mui/material/IconButton';
import Tooltip from '@mui/material/Tooltip';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ProjectProps } from '../App';
import type { EtcdBackupConfig, EtcdCluster } from '../api/generated';
import { useLive } from '../api/live';
import { useRights } from '../api/rights';
import { Action, Empty, Link, Loading, PageHeader, Small, When } from '../components/basics';
import { DataTable, OnNarrow, type Column } from '../components/DataTable';
import { AddIcon, TrashIcon } from '../components/icons';
import { ScheduleText } from '../components/ScheduleText';
import { ConfigStatus } from '../components/status';
import { DeleteConfig } from '../dialogs/actions';
import { configHealth, isRestoring, timeOf } from '../lib/model';
import { clustersWanted, configsWanted } from '../lib/wanted';

const ConfigDialog = lazy(() => import('../dialogs/ConfigDialog'));

/** The last good one; and if there were others since, that they failed. */
function LastResult({ config }: { config: EtcdBackupConfig }) {
  const { t } = useTranslation();
  const failures = config.status?.consecutiveFailures ?? 0;
  return (
    <>
      <When time={config.status?.lastSuccessTime} none={t('clusters.noBackup')} />
      {failures > 0 && <Box sx={{ color: 'error.main', fontSize: '0.8125rem', fontWeight: 600 }}>{t('config.failedSince', { count: failures })}</Box>}
    </>
  );
}

export default function AutomaticBackups({ project }: ProjectProps) {
  const { t } = useTranslation();
  const configs = useLive<EtcdBackupConfig>(configsWanted(project));
  const clusters = useLive<EtcdCluster>(clustersWanted(project));
  const rights = useRights(project);
  const [adding, setAdding] = useState(false);
  const [deleting, setDeleting] = useState<EtcdBackupConfig>();
  if (!configs.ready) return <Loading />;

  const held = new Map(clusters.items.map((cluster) => [cluster.metadata.name, isRestoring(cluster)]));
  const hrefOf = (config: EtcdBackupConfig) => `/projects/${project}/automatic-backups/${config.metadata.name}`;
  const columns: Column<EtcdBackupConfig>[] = [
    {
      id: 'name', header: t('common.name'), sort: (config) => config.metadata.name,
      cell: (config) => (
        <>
          <Link to={hrefOf(config)}>{config.metadata.name}</Link>
          <OnNarrow below="md">{config.spec.cluster.name}</OnNarrow>
          <OnNarrow below="sm"><ConfigStatus config={config} /></OnNarrow>
        </>
      ),
    },
    { id: 'cluster', header: t('config.cluster'), sort: (config) => config.spec.cluster.name, cell: (config) => <Link to={`/projects/${project}/clusters/${config.spec.cluster.name}`}>{config.spec.cluster.name}</Link>, hideBelow: 'md', width: '120px' },
    { id: 'health', header: t('config.health'), sort: configHealth, cell: (config) => <ConfigStatus config={config} />, hideBelow: 'sm', width: '190px' },
    { id: 'schedule', header: t('config.schedule'), sort: (config) => config.spec.schedule ?? '', cell: (config) => <ScheduleText schedule={config.spec.schedule} timeZone={config.spec.timeZone} />, hideBelow: 'sm', width: '195px' },
    {
      id: 'keep', header: t('config.keptWhere'), sort: (config) => config.spec.keep, hideBelow: 'xl', width: '115px',
      cell: (config) => <>{t('config.keepOf', { completed: config.status?.completed ?? 0, keep: config.spec.keep })}<Small>{config.spec.destination ?? t('config.default')}</Small></>,
    },
    { id: 'last', header: t('config.lastGood'), sort: (config) => timeOf(config.status?.lastSuccessTime), cell: (config) => <LastResult config={config} />, hideBelow: 'md', width: '130px' },
    { id: 'next', header: t('config.nextRun'), sort: (config) => config.status?.nextScheduleTime ?? '~', cell: (config) => (config.spec.suspend ? '–' : <When time={config.status?.nextScheduleTime} />), hideBelow: 'lg', width: '120px' },
  ];
  if (rights.can('delete', 'etcdbackupconfigs')) {
    columns.push({
      id: 'actions', header: t('table.actions'), hiddenHeader: true, width: '60px', align: 'right',
      cell: (config) => {
        const name = t('config.deleteTitle', { name: config.metadata.name });
        return held.get(config.spec.cluster.name) ? (
          <Action reason={t('restoring.reason', { cluster: config.spec.cluster.name })} size="small" sx={{ minWidth: 34, px: 0.5 }} aria-label={name}><TrashIcon fontSize="small" /></Action>
        ) : (
          <Tooltip title={name} describeChild={false}><IconButton size="small" onClick={() => setDeleting(config)}><TrashIcon fontSize="small" /></IconButton></Tooltip>
        );
      },
    });
  }
  const add = rights.can('create', 'etcdbackupconfigs') && (
    <Button variant="contained" startIcon={<AddIcon />} onClick={() => setAdding(true)}>{t('config.addTitle')}</Button>
  );
  const noClusters = clusters.ready && clusters.items.length === 0;
  return (
    <>
      <PageHeader title={t('nav.automaticBackups')} description={t('config.description')} actions={configs.items.length > 0 && add} />
      <DataTable
        label={t('nav.automaticBackups')} rows={configs.items} columns={columns} rowKey={(config) => config.metadata.name} rowName={(config) => config.metadata.name} hrefOf={hrefOf}
        textOf={(config) => `${config.metadata.name} ${config.spec.cluster.name} ${config.spec.schedule ?? ''} ${t(`configHealth.${configHealth(config)}`)}`}
        initialSort={{ column: 'name', descending: false }}
        empty={noClusters
          ? <Empty title={t('config.emptyTitle')} action={<Link to={`/projects/${project}/clusters`}>{t('config.toClusters')}</Link>}>{t('config.emptyNoClusters')}</Empty>
          : <Empty title={t('config.emptyTitle')} action={add}>{t('config.emptyText')}</Empty>}
      />
      {adding && <Suspense><ConfigDialog project={project} onClose={() => setAdding(false)} /></Suspense>}
      {deleting && <DeleteConfig config={deleting} onClose={() => setDeleting(undefined)} />}
    </>
  );
}

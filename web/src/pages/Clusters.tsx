// SPDX-License-Identifier: Apache-2.0
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ProjectProps } from '../App';
import type { EtcdBackupConfig, EtcdCluster } from '../api/generated';
import { useLive } from '../api/live';
import { useRights } from '../api/rights';
import { Empty, Link, Loading, PageHeader, When } from '../components/basics';
import { FromServer } from '../components/said';
import { DataTable, OnNarrow, type Column } from '../components/DataTable';
import { AddIcon } from '../components/icons';
import { Meter } from '../components/Meter';
import { ClusterStatus } from '../components/status';
import { clusterFacts, clusterPhase, clusterTone, isRestoring, nextRun, quotaOf, timeOf } from '../lib/model';
import { clustersWanted, configsWanted } from '../lib/wanted';

const ClusterDialog = lazy(() => import('../dialogs/ClusterDialog'));

interface Row {
  cluster: EtcdCluster;
  next: string | undefined;
}

const order = { bad: 0, warning: 1, busy: 2, neutral: 3, good: 4 };

export default function Clusters({ project }: ProjectProps) {
  const { t } = useTranslation();
  const clusters = useLive<EtcdCluster>(clustersWanted(project));
  const configs = useLive<EtcdBackupConfig>(configsWanted(project));
  const rights = useRights(project);
  const [adding, setAdding] = useState(false);

  const rows = useMemo(() => {
    const byCluster = new Map<string, EtcdBackupConfig[]>();
    for (const config of configs.items) {
      const name = config.spec.cluster.name;
      byCluster.set(name, [...(byCluster.get(name) ?? []), config]);
    }
    return clusters.items.map((cluster): Row => ({ cluster, next: nextRun(byCluster.get(cluster.metadata.name) ?? []) }));
  }, [clusters.items, configs.items]);

  if (!clusters.ready) return <Loading />;
  const hrefOf = ({ cluster }: Row) => `/projects/${project}/clusters/${cluster.metadata.name}`;
  const columns: Column<Row>[] = [
    {
      id: 'name', header: t('common.name'), sort: ({ cluster }) => cluster.metadata.name,
      cell: (row) => (
        <>
          <Link to={hrefOf(row)}>{row.cluster.metadata.name}</Link>
          <OnNarrow below="sm"><ClusterStatus cluster={row.cluster} /></OnNarrow>
          <OnNarrow below="md">{t('clusters.lastBackup')}: <When time={row.cluster.status?.lastBackupTime} none={t('clusters.noBackup')} /></OnNarrow>
        </>
      ),
    },
    {
      id: 'phase', header: t('clusters.state'), sort: ({ cluster }) => order[clusterTone[clusterPhase(cluster)]], hideBelow: 'sm', width: '165px',
      cell: ({ cluster }) => (
        <>
          <ClusterStatus cluster={cluster} />
          {isRestoring(cluster) && (
            <Box sx={{ fontSize: '0.8125rem' }}><Link to={`/projects/${project}/restores/${cluster.status!.activeRestore}`}>{t('clusters.toRestore')}</Link></Box>
          )}
        </>
      ),
    },
    {
      id: 'members', header: t('clusters.members'), sort: ({ cluster }) => cluster.status?.ready ?? '', hideBelow: 'xl', width: '100px',
      cell: ({ cluster }) => (cluster.spec.runtime === 'external' ? t('clusters.external') : (cluster.status?.ready ?? '–')),
    },
    { id: 'version', header: t('clusters.version'), sort: ({ cluster }) => cluster.status?.version ?? '', cell: ({ cluster }) => cluster.status?.version ?? '–', hideBelow: 'md', width: '90px' },
    {
      id: 'size', header: t('clusters.size'), sort: ({ cluster }) => clusterFacts(cluster).dbSize ?? 0, hideBelow: 'lg', width: '190px',
      cell: ({ cluster }) => <Meter value={clusterFacts(cluster).dbSize} limit={quotaOf(cluster)} />,
    },
    {
      id: 'last', header: t('clusters.lastBackup'), sort: ({ cluster }) => timeOf(cluster.status?.lastBackupTime), hideBelow: 'md', width: '150px',
      cell: ({ cluster }) => <When time={cluster.status?.lastBackupTime} none={t('clusters.noBackup')} />,
    },
    { id: 'next', header: t('clusters.nextBackup'), sort: ({ next }) => next ?? '~', hideBelow: 'md', width: '145px', cell: ({ next }) => <When time={next} none={t('clusters.noneScheduled')} /> },
  ];
  const add = rights.can('create', 'etcdclusters') && (
    <Button variant="contained" startIcon={<AddIcon />} onClick={() => setAdding(true)}>{t('clusters.add')}</Button>
  );
  return (
    <>
      <PageHeader title={t('nav.clusters')} description={t('clusters.description')} actions={rows.length > 0 && add} />
      <DataTable
        label={t('nav.clusters')} rows={rows} columns={columns} rowKey={({ cluster }) => cluster.metadata.name} rowName={({ cluster }) => cluster.metadata.name}
        hrefOf={hrefOf} textOf={({ cluster }) => `${cluster.metadata.name} ${cluster.status?.version ?? ''} ${t(`clusterPhase.${clusterPhase(cluster)}`)}`}
        initialSort={{ column: 'name', descending: false }} dimmed={({ cluster }) => isRestoring(cluster)}
        empty={<Empty title={t('clusters.emptyTitle')} action={add}>{t('clusters.emptyText')}</Empty>}
      />
      {rows.some(({ cluster }) => cluster.status?.phase === 'Unreachable') && (
        <Box component="ul" sx={{ color: 'text.secondary', fontSize: '0.875rem' }}>
          {rows.filter(({ cluster }) => cluster.status?.phase === 'Unreachable' && cluster.status.message).slice(0, 5).map(({ cluster }) => (
            <li key={cluster.metadata.name}>{cluster.metadata.name}: <FromServer>{cluster.status?.message}</FromServer></li>
          ))}
        </Box>
      )}
      {adding && <Suspense><ClusterDialog project={project} onClose={() => setAdding(false)} /></Suspense>}
    </>
  );
}

// SPDX-License-Identifier: Apache-2.0
import Button from '@mui/material/Button';
import IconButton from '@mui/material/IconButton';
import TextField from '@mui/material/TextField';
import Tooltip from '@mui/material/Tooltip';
import Typography from '@mui/material/Typography';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { createObject, deleteObject } from '../api/client';
import type { EtcdBackupConfig, EtcdCluster } from '../api/generated';
import { useLive } from '../api/live';
import type { Namespace } from '../api/meta';
import { useRights } from '../api/rights';
import { Empty, Link, Loading, PageHeader, say, When } from '../components/basics';
import { DataTable, OnNarrow, type Column } from '../components/DataTable';
import { ConfirmDialog, Consequence, FormDialog } from '../components/dialogs';
import { AddIcon, TrashIcon } from '../components/icons';
import { configHealth, nameProblem } from '../lib/model';
import { clustersWanted, configsWanted, projectsWanted, userProjects } from '../lib/wanted';

interface Row {
  name: string;
  created: string | undefined;
  clusters: number;
  unhealthy: number;
}

export default function Projects() {
  const { t } = useTranslation();
  const projects = useLive<Namespace>(projectsWanted);
  const rights = useRights();
  const everywhere = rights.can('list', 'etcdclusters');
  const clusters = useLive<EtcdCluster>(everywhere ? clustersWanted(undefined) : null);
  const configs = useLive<EtcdBackupConfig>(everywhere ? configsWanted(undefined) : null);
  const [adding, setAdding] = useState(false);
  const [deleting, setDeleting] = useState<string>();

  const rows = useMemo(() => {
    const count = <T extends { metadata: { namespace?: string } }>(items: readonly T[]) => {
      const counts = new Map<string, number>();
      for (const item of items) counts.set(item.metadata.namespace ?? '', (counts.get(item.metadata.namespace ?? '') ?? 0) + 1);
      return counts;
    };
    const clusterCounts = count(clusters.items);
    const unhealthy = count(configs.items.filter((config) => configHealth(config) === 'unhealthy'));
    return userProjects(projects.items).map((one): Row => ({
      name: one.metadata.name,
      created: one.metadata.creationTimestamp,
      clusters: clusterCounts.get(one.metadata.name) ?? 0,
      unhealthy: unhealthy.get(one.metadata.name) ?? 0,
    }));
  }, [projects.items, clusters.items, configs.items]);

  if (!projects.ready) return <Loading />;
  const mayAdd = rights.can('create', 'namespaces');
  const columns: Column<Row>[] = [
    {
      id: 'name', header: t('common.name'), sort: (row) => row.name,
      cell: (row) => (
        <>
          <Link to={`/projects/${row.name}/clusters`}>{row.name}</Link>
          <OnNarrow below="sm">{t('projects.clusters', { count: row.clusters })}</OnNarrow>
        </>
      ),
    },
    { id: 'clusters', header: t('nav.clusters'), sort: (row) => row.clusters, cell: (row) => row.clusters, hideBelow: 'sm', width: '120px' },
    {
      id: 'unhealthy', header: t('projects.unhealthy'), sort: (row) => row.unhealthy, hideBelow: 'md', width: '220px',
      cell: (row) => (row.unhealthy > 0 ? <Typography component="span" color="error" sx={{ fontWeight: 600 }}>{row.unhealthy}</Typography> : 0),
    },
    { id: 'created', header: t('common.created'), sort: (row) => row.created ?? '', cell: (row) => <When time={row.created} />, hideBelow: 'md', width: '180px' },
  ];
  if (rights.can('delete', 'namespaces')) {
    columns.push({
      id: 'actions', header: t('table.actions'), hiddenHeader: true, width: '64px', align: 'right',
      cell: (row) => (
        <Tooltip title={t('projects.delete', { name: row.name })} describeChild={false}>
          <IconButton size="small" onClick={() => setDeleting(row.name)}><TrashIcon fontSize="small" /></IconButton>
        </Tooltip>
      ),
    });
  }
  const add = mayAdd && <Button variant="contained" startIcon={<AddIcon />} onClick={() => setAdding(true)}>{t('projects.add')}</Button>;
  return (
    <>
      <PageHeader title={t('nav.projects')} description={t('projects.description')} actions={rows.length > 0 && add} />
      <DataTable
        label={t('nav.projects')} rows={rows} columns={columns} rowKey={(row) => row.name} rowName={(row) => row.name}
        hrefOf={(row) => `/projects/${row.name}/clusters`} textOf={(row) => row.name} initialSort={{ column: 'name', descending: false }}
        empty={<Empty title={t('projects.emptyTitle')} action={add}>{t('projects.emptyText')}</Empty>}
      />
      {adding && <AddProject taken={rows.map((row) => row.name)} onClose={() => setAdding(false)} />}
      {deleting && (
        <ConfirmDialog
          title={t('projects.delete', { name: deleting })} confirmLabel={t('common.delete')} typed={deleting}
          action={() => deleteObject('namespaces', undefined, deleting)} onClose={() => setDeleting(undefined)} onDone={() => say(t('projects.deleting', { name: deleting }))}
        >
          <Consequence severity="error">{t('projects.deleteText')}</Consequence>
        </ConfirmDialog>
      )}
    </>
  );
}

function AddProject({ taken, onClose }: { taken: string[]; onClose: () => void }) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const [name, setName] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const problem = name === '' ? undefined : taken.includes(name) ? t('names.taken') : ((found) => found && t(`names.${found}`))(nameProblem(name, 63));
  const submit = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await createObject('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      say(t('projects.added', { name }));
      navigate(`/projects/${name}/clusters`);
      onClose();
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  return (
    <FormDialog title={t('projects.add')} submitLabel={t('common.create')} disabled={name === '' || problem !== undefined} busy={busy} error={error} onSubmit={() => void submit()} onClose={onClose}>
      <TextField
        autoFocus label={t('common.name')} value={name} onChange={(event) => setName(event.target.value)} error={problem !== undefined}
        helperText={problem ?? t('names.hint')} sx={{ mt: 1 }} autoComplete="off" slotProps={{ htmlInput: { autoCapitalize: 'none', spellCheck: false } }}
      />
    </FormDialog>
  );
}

// SPDX-License-Identifier: Apache-2.0
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Checkbox from '@mui/material/Checkbox';
import FormControlLabel from '@mui/material/FormControlLabel';
import IconButton from '@mui/material/IconButton';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Tooltip from '@mui/material/Tooltip';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { createObject, deleteObject, patchObject } from '../api/client';
import type { BackupDestination } from '../api/generated';
import { useLive } from '../api/live';
import type { KubeObject } from '../api/meta';
import { useRights } from '../api/rights';
import { Code, Empty, Loading, PageHeader, say, When } from '../components/basics';
import { Detail, Reason } from '../components/said';
import { DataTable, OnNarrow, type Column } from '../components/DataTable';
import { ConfirmDialog, Consequence, FormDialog } from '../components/dialogs';
import { AddIcon, EditIcon, TrashIcon } from '../components/icons';
import { Status } from '../components/status';
import { formatBytes, formatNumber } from '../lib/format';
import { condition, nameProblem } from '../lib/model';
import { destinationsWanted } from '../lib/wanted';

const system = 'tresor-system';

export default function Destinations() {
  const { t, i18n } = useTranslation();
  const destinations = useLive<BackupDestination>(destinationsWanted);
  const rights = useRights();
  const [editing, setEditing] = useState<BackupDestination | 'new'>();
  const [deleting, setDeleting] = useState<string>();
  if (!destinations.ready) return <Loading />;
  const state = (one: BackupDestination) => {
    const ready = condition(one, 'Ready');
    return <Status tone={ready?.status === 'True' ? 'good' : ready?.status === 'False' ? 'bad' : 'busy'} text={t(ready?.status === 'True' ? 'destinations.ready' : ready?.status === 'False' ? 'destinations.notReady' : 'destinations.unknown')} />;
  };
  const columns: Column<BackupDestination>[] = [
    {
      id: 'name', header: t('common.name'), sort: (one) => one.metadata.name, width: { sm: '22%' },
      cell: (one) => <><strong>{one.metadata.name}</strong>{one.spec.default && ` (${t('config.default')})`}<OnNarrow below="sm">{state(one)}</OnNarrow></>,
    },
    { id: 'location', header: t('destinations.location'), cell: (one) => <Code>{one.status?.location ?? one.spec.local?.path ?? one.spec.s3?.bucket}</Code>, hideBelow: 'md' },
    {
      id: 'ready', header: t('destinations.state'), hideBelow: 'sm', width: '200px',
      cell: (one) => <>{state(one)}{condition(one, 'Ready')?.status === 'False' && <Box sx={{ fontSize: '0.8125rem' }}><Reason of="ready" reason={condition(one, 'Ready')?.reason} /><Detail>{condition(one, 'Ready')?.message}</Detail></Box>}</>,
    },
    { id: 'probed', header: t('destinations.probed'), cell: (one) => <When time={one.status?.lastProbeTime} />, hideBelow: 'lg', width: '150px' },
    { id: 'repositories', header: t('destinations.repositories'), sort: (one) => one.status?.repositories ?? 0, cell: (one) => (one.status?.repositories === undefined ? '–' : formatNumber(one.status.repositories, i18n.language)), hideBelow: 'lg', width: '120px', align: 'right' },
    { id: 'stored', header: t('destinations.stored'), sort: (one) => one.status?.storedBytes ?? 0, cell: (one) => formatBytes(one.status?.storedBytes, i18n.language), hideBelow: 'sm', width: '110px', align: 'right' },
    {
      id: 'actions', header: t('table.actions'), hiddenHeader: true, width: '100px', align: 'right',
      cell: (one) => (
        <>
          {rights.can('patch', 'backupdestinations') && <Tooltip title={t('destinations.edit', { name: one.metadata.name })} describeChild={false}><IconButton size="small" onClick={() => setEditing(one)}><EditIcon fontSize="small" /></IconButton></Tooltip>}
          {rights.can('delete', 'backupdestinations') && <Tooltip title={t('destinations.delete', { name: one.metadata.name })} describeChild={false}><IconButton size="small" onClick={() => setDeleting(one.metadata.name)}><TrashIcon fontSize="small" /></IconButton></Tooltip>}
        </>
      ),
    },
  ];
  const add = rights.can('create', 'backupdestinations') && <Button variant="contained" startIcon={<AddIcon />} onClick={() => setEditing('new')}>{t('destinations.add')}</Button>;
  return (
    <>
      <PageHeader title={t('nav.destinations')} description={t('destinations.description')} actions={destinations.items.length > 0 && add} />
      <DataTable
        label={t('nav.destinations')} rows={destinations.items} columns={columns} rowKey={(one) => one.metadata.name} rowName={(one) => one.metadata.name}
        initialSort={{ column: 'name', descending: false }} empty={<Empty title={t('destinations.emptyTitle')} action={add}>{t('destinations.emptyText')}</Empty>}
      />
      {editing && <DestinationDialog edit={editing === 'new' ? undefined : editing} all={destinations.items} onClose={() => setEditing(undefined)} />}
      {deleting && (
        <ConfirmDialog title={t('destinations.delete', { name: deleting })} confirmLabel={t('common.delete')} action={() => deleteObject('backupdestinations', undefined, deleting)} onClose={() => setDeleting(undefined)} onDone={() => say(t('destinations.deleted', { name: deleting }))}>
          <Consequence>{t('destinations.deleteText')}</Consequence>
        </ConfirmDialog>
      )}
    </>
  );
}

function DestinationDialog({ edit, all, onClose }: { edit: BackupDestination | undefined; all: readonly BackupDestination[]; onClose: () => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState(edit?.metadata.name ?? '');
  const [path, setPath] = useState(edit?.spec.local?.path ?? '');
  const [projects, setProjects] = useState((edit?.spec.allowedProjects ?? []).join(', '));
  const [isDefault, setDefault] = useState(edit?.spec.default ?? all.length === 0);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const found = nameProblem(name, 63);
  const problem = edit || name === '' ? undefined : all.some((one) => one.metadata.name === name) ? t('names.taken') : found && t(`names.${found}`);
  const pathProblem = path !== '' && !/^\/[^\0]+[^/\0]$/.test(path) ? t('destinations.pathProblem') : undefined;
  const otherDefault = all.find((one) => one.spec.default && one.metadata.name !== edit?.metadata.name)?.metadata.name;
  const allowedProjects = projects.split(/[\s,]+/).filter(Boolean);

  const submit = async () => {
    setBusy(true);
    setError(undefined);
    try {
      if (edit) {
        await patchObject('backupdestinations', undefined, edit.metadata.name, { spec: { default: isDefault, allowedProjects } });
        say(t('destinations.saved', { name }));
      } else {
        const object: BackupDestination = {
          apiVersion: 'tresor.dev/v1', kind: 'BackupDestination', metadata: { name },
          spec: { local: { path }, default: isDefault, allowedProjects, encryption: { keySecretRef: { name: `${name}-key`, namespace: system } } },
        };
        await createObject('backupdestinations', object, true);
        // 32 random bytes, as the server makes them for the first destination.
        const key = [...crypto.getRandomValues(new Uint8Array(32))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
        const secret: KubeObject & { data: Record<string, string> } = { apiVersion: 'v1', kind: 'Secret', metadata: { name: `${name}-key`, namespace: system }, data: { key: btoa(key) } };
        await createObject('secrets', secret);
        await createObject('backupdestinations', object);
        say(t('destinations.added', { name }));
      }
      onClose();
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  return (
    <FormDialog title={edit ? t('destinations.edit', { name: edit.metadata.name }) : t('destinations.add')} submitLabel={edit ? t('common.save') : t('common.create')} disabled={name === '' || problem !== undefined || (!edit && (path === '' || pathProblem !== undefined))} busy={busy} error={error} onSubmit={() => void submit()} onClose={onClose}>
      <Stack spacing={2} sx={{ mt: 0.5 }}>
        <TextField autoFocus={!edit} label={t('common.name')} value={name} disabled={edit !== undefined} onChange={(event) => setName(event.target.value)} error={problem !== undefined} helperText={problem ?? (edit ? undefined : t('names.hint'))} autoComplete="off" />
        {(!edit || edit.spec.local) && <TextField label={t('destinations.path')} value={path} disabled={edit !== undefined} onChange={(event) => setPath(event.target.value)} error={pathProblem !== undefined} helperText={pathProblem ?? (edit ? undefined : t('destinations.pathHint'))} placeholder="/srv/tresor" autoComplete="off" />}
        <TextField label={t('destinations.projects')} value={projects} onChange={(event) => setProjects(event.target.value)} helperText={t('destinations.projectsHint')} />
        <FormControlLabel control={<Checkbox checked={isDefault} disabled={otherDefault !== undefined} onChange={(event) => setDefault(event.target.checked)} />} label={otherDefault ? t('destinations.otherDefault', { name: otherDefault }) : t('destinations.makeDefault')} />
        {!edit && <Alert severity="warning">{t('destinations.keyText', { secret: `${system}/${name || '…'}-key` })}</Alert>}
      </Stack>
    </FormDialog>
  );
}

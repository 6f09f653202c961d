// SPDX-License-Identifier: Apache-2.0
import Button from '@mui/material/Button';
import Menu from '@mui/material/Menu';
import MenuItem from '@mui/material/MenuItem';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ProjectProps } from '../App';
import type { EtcdBackup, EtcdCluster } from '../api/generated';
import { useLive } from '../api/live';
import { useRights } from '../api/rights';
import { Empty, ErrorNotice, Link, Loading, PageHeader, say } from '../components/basics';
import { BackupTable } from '../components/BackupTable';
import { AddIcon, TrashIcon } from '../components/icons';
import { backUpNow, DeleteBackups } from '../dialogs/actions';
import { useAddress } from '../lib/address';
import { backupPhase, isRestoring, type BackupPhase } from '../lib/model';
import { backupsWanted, clustersWanted } from '../lib/wanted';

const phases: BackupPhase[] = ['Completed', 'Running', 'Pending', 'Failed'];

export default function Backups({ project }: ProjectProps) {
  const { t } = useTranslation();
  const backups = useLive<EtcdBackup>(backupsWanted(project));
  const clusters = useLive<EtcdCluster>(clustersWanted(project));
  const rights = useRights(project);
  const [wantedPhase, setPhase] = useAddress('state');
  const phase = phases.find((one) => one === wantedPhase) ?? '';
  const [cluster, setCluster] = useAddress('cluster');
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [deleting, setDeleting] = useState(false);
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const [error, setError] = useState<unknown>();

  // A cluster of the same name that was made later is another one: uid tells.
  const [present, orphans] = useMemo(() => {
    const uids = new Map(clusters.items.map((one) => [one.metadata.name, one.metadata.uid]));
    const there: EtcdBackup[] = [];
    const gone: EtcdBackup[] = [];
    for (const backup of backups.items) {
      const uid = uids.get(backup.spec.cluster.name);
      (uid !== undefined && (!backup.status?.clusterUID || backup.status.clusterUID === uid) ? there : gone).push(backup);
    }
    return [there, gone];
  }, [backups.items, clusters.items]);

  const shown = useMemo(
    () => present.filter((backup) => (phase === '' || backupPhase(backup) === phase || (phase === 'Running' && backupPhase(backup) === 'Verifying')) && (cluster === '' || backup.spec.cluster.name === cluster)),
    [present, phase, cluster],
  );
  if (!backups.ready || !clusters.ready) return <Loading />;

  // More than that nobody chooses from; the search finds them.
  const names = clusters.items.length <= 200 ? clusters.items.map((one) => one.metadata.name).sort() : [];
  const choices = cluster === '' || names.includes(cluster) ? names : [cluster, ...names];
  const mayDelete = rights.can('delete', 'etcdbackups');
  const chosen = backups.items.filter((backup) => selected.has(backup.metadata.name));
  const selection = mayDelete ? { selected, onChange: setSelected } : undefined;
  const now = rights.can('create', 'etcdbackups') && clusters.items.length > 0 && (
    <Button variant="contained" startIcon={<AddIcon />} aria-haspopup="menu" onClick={(event) => setAnchor(event.currentTarget)}>{t('backups.now')}</Button>
  );
  const toolbar = (
    <>
      <TextField select label={t('backups.state')} value={phase} onChange={(event) => setPhase(event.target.value)} sx={{ width: 170 }} slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}>
        <MenuItem value="">{t('common.all')}</MenuItem>
        {phases.map((one) => <MenuItem key={one} value={one}>{t(`backupPhase.${one}`)}</MenuItem>)}
      </TextField>
      {(choices.length > 1 || cluster !== '') && (
        <TextField select label={t('config.cluster')} value={cluster} onChange={(event) => setCluster(event.target.value)} sx={{ width: 170 }} slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}>
          <MenuItem value="">{t('common.all')}</MenuItem>
          {choices.map((one) => <MenuItem key={one} value={one}>{one}</MenuItem>)}
        </TextField>
      )}
      {chosen.length > 0 && <Button color="error" variant="outlined" startIcon={<TrashIcon />} onClick={() => setDeleting(true)}>{t('backups.deleteSelected', { count: chosen.length })}</Button>}
    </>
  );
  return (
    <>
      <PageHeader title={t('nav.backups')} description={t('backups.description')} actions={now} />
      {error !== undefined && <ErrorNotice error={error} />}
      <BackupTable
        project={project} label={t('nav.backups')} backups={shown} clusters={clusters.items} withCluster withConfig search selection={selection} toolbar={toolbar}
        empty={phase !== '' || cluster !== ''
          ? <Empty title={t('backups.noneLikeThis')} />
          : <Empty title={t('backups.emptyTitle')} action={<Link to={`/projects/${project}/automatic-backups`}>{t('nav.automaticBackups')}</Link>}>{t('backups.emptyText')}</Empty>}
      />
      {orphans.length > 0 && (
        <>
          <Typography variant="h2" sx={{ mt: 4, mb: 0.5 }}>{t('backups.orphans')}</Typography>
          <Typography color="text.secondary" sx={{ mb: 1.5 }}>{t('backups.orphansText')}</Typography>
          <BackupTable project={project} label={t('backups.orphans')} id="deleted-" backups={orphans} clusters={clusters.items} withCluster search selection={selection} empty={null} />
        </>
      )}
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)} slotProps={{ paper: { sx: { maxHeight: 420 } } }}>
        {clusters.items.map((one) => {
          const held = isRestoring(one);
          return (
            <MenuItem
              key={one.metadata.name} disabled={held}
              onClick={() => {
                setAnchor(null);
                setError(undefined);
                backUpNow(project, one.metadata.name).then(() => say(t('backups.started')), setError);
              }}
            >
              {one.metadata.name}{held && ` – ${t('clusterPhase.Restoring')}`}
            </MenuItem>
          );
        })}
      </Menu>
      {deleting && <DeleteBackups backups={chosen} onClose={() => setDeleting(false)} onDone={() => setSelected(new Set())} />}
    </>
  );
}

// SPDX-License-Identifier: Apache-2.0
// Backups, wherever they are listed: of a project, of a configuration, of a cluster.
import Box from '@mui/material/Box';
import IconButton from '@mui/material/IconButton';
import { styled } from '@mui/material/styles';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { EtcdBackup, EtcdCluster } from '../api/generated';
import { useRights } from '../api/rights';
import { setPinned } from '../dialogs/actions';
import { formatBytes, formatDuration, formatNumber } from '../lib/format';
import { backupPhase, backupTime, configOf, isRestoring, milliseconds, timeOf } from '../lib/model';
import { Action, Link, say, Small, When } from './basics';
import { InShort } from './said';
import { DataTable, OnNarrow, type Column, type Selection } from './DataTable';
import { PinIcon, RestoreIcon } from './icons';
import { BackupStatus, ProofStatus } from './status';

// No tooltips of MUI's here: each row that scrolls by would make two.
const NotOnPhones = styled('span')({ '@media (max-width:599.95px)': { display: 'none' } });
const RestoreDialog = lazy(() => import('../dialogs/RestoreDialog'));

export function BackupTable({ project, label, backups, clusters, empty, withCluster = false, withConfig = false, selection, toolbar, search = false, id }: {
  project: string; label: string; backups: readonly EtcdBackup[]; clusters: readonly EtcdCluster[]; empty: ReactNode; withCluster?: boolean; withConfig?: boolean;
  selection?: Selection; toolbar?: ReactNode; search?: boolean; id?: string;
}) {
  const { t, i18n } = useTranslation();
  const rights = useRights(project);
  const [restoring, setRestoring] = useState<EtcdBackup>();
  const hrefOf = (backup: EtcdBackup) => `/projects/${project}/backups/${backup.metadata.name}`;
  const pin = (backup: EtcdBackup) => t(backup.spec.pinned ? 'backups.unpin' : 'backups.pin', { name: backup.metadata.name });
  const held = new Map(clusters.map((cluster) => [cluster.metadata.name, isRestoring(cluster)]));

  const columns: Column<EtcdBackup>[] = [
    {
      id: 'name', header: t('common.name'), sort: (backup) => backup.metadata.name,
      cell: (backup) => (
        <>
          <Link to={hrefOf(backup)}>{backup.metadata.name}</Link>
          {backup.spec.pinned && <PinIcon titleAccess={t('backups.pinned')} sx={{ fontSize: 15, ml: 0.5, verticalAlign: '-2px', color: 'text.secondary' }} />}
          {withConfig && <Small>{configOf(backup) ?? t('backups.byHand')}</Small>}
          <OnNarrow below="sm"><div><BackupStatus backup={backup} /></div></OnNarrow>
          {backupPhase(backup) === 'Completed' && <OnNarrow below="md"><ProofStatus backup={backup} /></OnNarrow>}
          <OnNarrow below="sm"><When time={backupTime(backup)} /></OnNarrow>
          {backupPhase(backup) === 'Failed' && backup.status?.message && <Box sx={{ color: 'error.main' }}><InShort>{backup.status.message}</InShort></Box>}
        </>
      ),
    },
  ];
  if (withCluster) {
    columns.push({ id: 'cluster', header: t('config.cluster'), sort: (backup) => backup.spec.cluster.name, cell: (backup) => backup.spec.cluster.name, hideBelow: 'md', width: '110px' });
  }
  columns.push(
    { id: 'phase', header: t('backups.state'), sort: (backup) => backupPhase(backup), cell: (backup) => <BackupStatus backup={backup} />, hideBelow: 'sm', width: '172px' },
    { id: 'proof', header: t('proof.label'), sort: (backup) => (backup.status?.evidence ?? []).filter((item) => item.result === 'Passed').length, cell: (backup) => <ProofStatus backup={backup} brief />, hideBelow: 'md', width: '145px' },
    { id: 'time', header: t('backups.taken'), sort: (backup) => timeOf(backupTime(backup)), cell: (backup) => <When time={backupTime(backup)} also="moment" />, hideBelow: 'sm', width: '150px' },
    ...(withCluster ? [] : [{ id: 'duration', header: t('backups.duration'), sort: (backup) => milliseconds(backup.status?.startTime, backup.status?.completionTime) ?? -1, cell: (backup) => formatDuration(milliseconds(backup.status?.startTime, backup.status?.completionTime), i18n.language), hideBelow: 'xl', width: '85px', align: 'right' } satisfies Column<EtcdBackup>]),
    { id: 'size', header: t('backups.size'), sort: (backup) => backup.status?.snapshot?.dbSize ?? -1, cell: (backup) => formatBytes(backup.status?.snapshot?.dbSize, i18n.language), hideBelow: 'md', width: '95px', align: 'right' },
    { id: 'stored', header: t('backups.newlyStored'), sort: (backup) => backup.status?.stored?.newBytes ?? -1, cell: (backup) => formatBytes(backup.status?.stored?.newBytes, i18n.language), hideBelow: withCluster ? 'xl' : 'lg', width: '95px', align: 'right' },
    ...(withCluster ? [] : [{ id: 'revision', header: t('backups.revision'), sort: (backup) => backup.status?.snapshot?.revision ?? -1, cell: (backup) => (backup.status?.snapshot?.revision === undefined ? '–' : formatNumber(backup.status.snapshot.revision, i18n.language)), hideBelow: 'xl', width: '95px', align: 'right' } satisfies Column<EtcdBackup>]),
    {
      id: 'actions', header: t('table.actions'), hiddenHeader: true, width: { xs: '56px', sm: '92px' }, align: 'right',
      cell: (backup) => {
        const reason = held.get(backup.spec.cluster.name) ? t('restoring.reason', { cluster: backup.spec.cluster.name }) : undefined;
        return (
          <span style={{ whiteSpace: 'nowrap' }}>
            {rights.can('patch', 'etcdbackups') && backupPhase(backup) === 'Completed' && (
              <NotOnPhones>
                <IconButton
                  size="small" aria-pressed={backup.spec.pinned} title={pin(backup)} aria-label={pin(backup)}
                  onClick={() => void setPinned(backup, !backup.spec.pinned).then(() => say(t(backup.spec.pinned ? 'backups.unpinned' : 'backups.nowPinned')), (error: Error) => say(error.message, 'error'))}
                >
                  <PinIcon fontSize="small" color={backup.spec.pinned ? 'primary' : 'inherit'} />
                </IconButton>
              </NotOnPhones>
            )}
            {rights.can('create', 'etcdrestores') && backupPhase(backup) === 'Completed' && (
              <Action
                reason={reason} size="small" style={{ minWidth: 36, padding: 4 }} aria-label={t('backups.restoreThis', { name: backup.metadata.name })} title={reason ? undefined : t('backups.restore')}
                onClick={() => setRestoring(backup)}
              >
                <RestoreIcon fontSize="small" />
              </Action>
            )}
          </span>
        );
      },
    },
  );
  return (
    <>
      <DataTable
        id={id} label={label} rows={backups} columns={columns} rowKey={(backup) => backup.metadata.name} rowName={(backup) => backup.metadata.name} hrefOf={hrefOf} empty={empty}
        textOf={search ? (backup) => `${backup.metadata.name} ${backup.spec.cluster.name} ${configOf(backup) ?? ''} ${t(`backupPhase.${backupPhase(backup)}`)}` : undefined}
        initialSort={{ column: 'time', descending: true }} selection={selection} toolbar={toolbar}
      />
      {restoring && <Suspense><RestoreDialog project={project} backup={restoring} onClose={() => setRestoring(undefined)} /></Suspense>}
    </>
  );
}

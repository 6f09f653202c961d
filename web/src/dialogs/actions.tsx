// SPDX-License-Identifier: Apache-2.0
// Deleting, pinning, backing up now: what several screens offer.
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { createObject, deleteObject, patchObject } from '../api/client';
import type { EtcdBackup, EtcdBackupConfig } from '../api/generated';
import { say } from '../components/basics';
import { ConfirmDialog, Consequence } from '../components/dialogs';
import { proofOf } from '../lib/model';

/** Back up now: an EtcdBackup of no configuration. */
export const backUpNow = (project: string, cluster: string, destination?: string) =>
  createObject<EtcdBackup>('etcdbackups', {
    apiVersion: 'tresor.dev/v1', kind: 'EtcdBackup',
    metadata: { namespace: project, generateName: `${cluster.slice(0, 40)}-now-` } as EtcdBackup['metadata'],
    spec: { cluster: { name: cluster }, ...(destination ? { destination } : {}) } as EtcdBackup['spec'],
  });

export const setPinned = (backup: EtcdBackup, pinned: boolean) =>
  patchObject('etcdbackups', backup.metadata.namespace, backup.metadata.name, { spec: { pinned } });

export const setSuspended = (config: EtcdBackupConfig, suspend: boolean) =>
  patchObject('etcdbackupconfigs', config.metadata.namespace, config.metadata.name, { spec: { suspend } });

export function DeleteConfig({ config, onClose, onDone }: { config: EtcdBackupConfig; onClose: () => void; onDone?: () => void }) {
  const { t } = useTranslation();
  const { name, namespace } = config.metadata;
  const backups = config.status?.completed ?? 0;
  const deletes = config.spec.deletionPolicy === 'Delete';
  return (
    <ConfirmDialog
      title={t('config.deleteTitle', { name })} confirmLabel={t('common.delete')} typed={deletes && backups > 0 ? name : undefined}
      action={() => deleteObject('etcdbackupconfigs', namespace, name)} onClose={onClose}
      onDone={() => {
        say(t('config.deleted', { name }));
        onDone?.();
      }}
    >
      <Typography>{t('config.deleteText', { cluster: config.spec.cluster.name })}</Typography>
      {backups > 0 && (
        <Consequence severity={deletes ? 'error' : 'info'}>
          {deletes ? t('config.deleteWithBackups', { count: backups }) : t('config.deleteKeepsBackups', { count: backups })}
        </Consequence>
      )}
    </ConfirmDialog>
  );
}

export function DeleteBackups({ backups, onClose, onDone }: { backups: EtcdBackup[]; onClose: () => void; onDone?: () => void }) {
  const { t } = useTranslation();
  const one = backups.length === 1 ? backups[0] : undefined;
  const proven = backups.filter((backup) => proofOf(backup).state === 'proven').length;
  const pinned = backups.filter((backup) => backup.spec.pinned).length;
  const removeAll = async () => {
    // One after the other: the first that is refused says why, and the rest is still there.
    for (const backup of backups) await deleteObject('etcdbackups', backup.metadata.namespace, backup.metadata.name);
  };
  return (
    <ConfirmDialog
      title={one ? t('backups.deleteOne', { name: one.metadata.name }) : t('backups.deleteMany', { count: backups.length })} confirmLabel={t('common.delete')}
      typed={one ? undefined : String(backups.length)} typedIs="number" action={removeAll} onClose={onClose}
      onDone={() => {
        say(t('backups.deleting', { count: backups.length }));
        onDone?.();
      }}
    >
      <Consequence severity="error">
        {t('backups.deleteText')}
        {proven > 0 && ` ${t('backups.deleteProven', { count: proven })}`}
        {pinned > 0 && ` ${t('backups.deletePinned', { count: pinned })}`}
      </Consequence>
    </ConfirmDialog>
  );
}

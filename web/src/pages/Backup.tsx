// SPDX-License-Identifier: Apache-2.0
// One backup: what it is, and what proves it.
import Alert from '@mui/material/Alert';
import LinearProgress from '@mui/material/LinearProgress';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import type { NamedProps } from '../App';
import type { EtcdBackup, EtcdCluster } from '../api/generated';
import { useLive } from '../api/live';
import { useRights } from '../api/rights';
import { Action, Code, CopyButton, Empty, ErrorNotice, Facts, Link, Loading, PageHeader, say, Section, When } from '../components/basics';
import { Detail } from '../components/said';
import { EventList } from '../components/EventList';
import { Evidence } from '../components/Evidence';
import { PinIcon, RestoreIcon, TrashIcon } from '../components/icons';
import { BackupStatus, ProofStatus } from '../components/status';
import { DeleteBackups, setPinned } from '../dialogs/actions';
import { formatBytes, formatDuration, formatNumber } from '../lib/format';
import { backupPhase, backupTime, configOf, isRestoring, milliseconds, proofOf } from '../lib/model';
import { backupWanted, clustersWanted } from '../lib/wanted';

const RestoreDialog = lazy(() => import('../dialogs/RestoreDialog'));

export default function Backup({ project, name }: NamedProps) {
  const { t, i18n } = useTranslation();
  const [, navigate] = useLocation();
  const found = useLive<EtcdBackup>(backupWanted(project, name));
  const clusters = useLive<EtcdCluster>(clustersWanted(project));
  const rights = useRights(project);
  const [restoring, setRestoring] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const [error, setError] = useState<unknown>();

  const back = { to: `/projects/${project}/backups`, label: t('nav.backups') };
  if (!found.ready) return <Loading />;
  const backup = found.items[0];
  if (!backup) return <><PageHeader title={name} back={back} /><Empty title={t('errors.gone')}>{t('errors.goneText')}</Empty></>;
  const { status } = backup;
  const phase = backupPhase(backup);
  const cluster = clusters.items.find((one) => one.metadata.name === backup.spec.cluster.name);
  const reason = isRestoring(cluster) ? t('restoring.reason', { cluster: cluster!.metadata.name }) : undefined;
  const config = configOf(backup);
  const number = (value: number | undefined) => (value === undefined ? '–' : formatNumber(value, i18n.language));
  return (
    <>
      <PageHeader
        title={name} back={back} badge={<BackupStatus backup={backup} />}
        actions={
          <>
            {rights.can('create', 'etcdrestores') && phase === 'Completed' && <Action variant="contained" startIcon={<RestoreIcon />} reason={reason} onClick={() => setRestoring(true)}>{t('backups.restore')}</Action>}
            {rights.can('patch', 'etcdbackups') && phase === 'Completed' && (
              <Action
                variant="outlined" startIcon={<PinIcon />} aria-pressed={backup.spec.pinned}
                onClick={() => {
                  setError(undefined);
                  setPinned(backup, !backup.spec.pinned).then(() => say(t(backup.spec.pinned ? 'backups.unpinned' : 'backups.nowPinned')), setError);
                }}
              >
                {t(backup.spec.pinned ? 'backups.unpinShort' : 'backups.pinShort')}
              </Action>
            )}
            {rights.can('delete', 'etcdbackups') && <Action variant="outlined" color="error" startIcon={<TrashIcon />} onClick={() => setDeleting(true)}>{t('common.delete')}</Action>}
          </>
        }
      />
      {error !== undefined && <ErrorNotice error={error} />}
      {phase === 'Failed' && <Alert severity="error" sx={{ mb: 2 }}>{t('backups.failedText')}<Detail>{status?.message}</Detail></Alert>}
      {(phase === 'Running' || phase === 'Verifying' || phase === 'Pending') && (
        <Alert severity="info" sx={{ mb: 2 }}>
          {t('backups.notYet')}<Detail>{status?.message}</Detail>
          {phase !== 'Pending' && <LinearProgress variant={status?.progress?.bytesTotal ? 'determinate' : 'indeterminate'} value={status?.progress?.percent ?? 0} aria-label={t('backups.progress')} sx={{ mt: 1, maxWidth: 420 }} />}
        </Alert>
      )}
      {backup.spec.pinned && <Alert severity="info" icon={<PinIcon />} sx={{ mb: 2 }}>{t('backups.pinnedText')}</Alert>}
      <Section title={t('proof.title')} description={t(`proof.state.${phase === 'Completed' ? proofOf(backup).state : 'none'}`)} actions={phase === 'Completed' && <ProofStatus backup={backup} />}>
        {status?.evidence?.length ? <Evidence items={status.evidence} /> : t('proof.noneYet')}
      </Section>
      <Section title={t('backups.facts')}>
        <Facts
          facts={[
            [t('config.cluster'), cluster ? <Link to={`/projects/${project}/clusters/${cluster.metadata.name}`}>{cluster.metadata.name}</Link> : <>{backup.spec.cluster.name} ({t('backups.clusterGone')})</>],
            [t('backups.by'), config ? <Link to={`/projects/${project}/automatic-backups/${config}`}>{config}</Link> : t('backups.byHand')],
            [t('restore.stateOf'), <When time={backupTime(backup)} also="exact" />],
            [t('backups.scheduledFor'), <When time={status?.scheduledTime} also="exact" />],
            [t('backups.finished'), <When time={status?.completionTime} also="exact" />],
            [t('backups.duration'), formatDuration(milliseconds(status?.startTime, status?.completionTime), i18n.language)],
            [t('backups.size'), formatBytes(status?.snapshot?.dbSize, i18n.language)],
            [t('backups.newlyStored'), status?.stored ? t('backups.storedRecords', { count: status.stored.newRecords, bytes: formatBytes(status.stored.newBytes, i18n.language), records: number(status.stored.newRecords) }) : '–'],
            [t('backups.revision'), number(status?.snapshot?.revision)],
            [t('backups.compacted'), status?.snapshot?.compactRevision !== undefined && status.snapshot.compactRevision < 0 ? t('backups.neverCompacted') : number(status?.snapshot?.compactRevision)],
            [t('backups.keys'), number(status?.snapshot?.totalKeys)],
            [t('backups.etcdVersion'), status?.snapshot?.etcdVersion ?? '–'],
            [t('backups.member'), status?.snapshot?.memberID ? <Code>{status.snapshot.memberID}</Code> : '–'],
            ['HashKV', status?.snapshot?.hashKV === undefined ? '–' : <Code>{status.snapshot.hashKV}</Code>],
            [t('config.destination'), status?.destination ?? backup.spec.destination ?? t('config.default')],
            [t('backups.id'), status?.id ? <><Code>{status.id}</Code><CopyButton text={status.id} /></> : '–'],
            ['SHA-256', status?.snapshot?.sha256 ? <><Code>{status.snapshot.sha256}</Code><CopyButton text={status.snapshot.sha256} /></> : '–'],
          ]}
        />
      </Section>
      <EventList project={project} uid={backup.metadata.uid} />
      {restoring && <Suspense><RestoreDialog project={project} backup={backup} onClose={() => setRestoring(false)} /></Suspense>}
      {deleting && <DeleteBackups backups={[backup]} onClose={() => setDeleting(false)} onDone={() => navigate(back.to)} />}
    </>
  );
}

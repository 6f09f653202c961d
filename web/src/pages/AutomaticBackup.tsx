// SPDX-License-Identifier: Apache-2.0
import Alert from '@mui/material/Alert';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import type { NamedProps } from '../App';
import type { EtcdBackup, EtcdBackupConfig, EtcdCluster } from '../api/generated';
import { useLive } from '../api/live';
import { useRights } from '../api/rights';
import { Action, Empty, ErrorNotice, Facts, Link, Loading, PageHeader, say, Section, When } from '../components/basics';
import { Detail, Reason } from '../components/said';
import { BackupTable } from '../components/BackupTable';
import { EditIcon, PauseIcon, PlayIcon, TrashIcon } from '../components/icons';
import { RestoringBanner } from '../components/RestoringBanner';
import { ScheduleText } from '../components/ScheduleText';
import { ConfigStatus } from '../components/status';
import { backUpNow, DeleteConfig, setSuspended } from '../dialogs/actions';
import { condition, configHealth, configOf, isRestoring } from '../lib/model';
import { backupsWanted, clustersWanted, configsWanted } from '../lib/wanted';

const ConfigDialog = lazy(() => import('../dialogs/ConfigDialog'));

export default function AutomaticBackup({ project, name }: NamedProps) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const configs = useLive<EtcdBackupConfig>(configsWanted(project));
  const clusters = useLive<EtcdCluster>(clustersWanted(project));
  const config = configs.items.find((one) => one.metadata.name === name);
  const clusterName = config?.spec.cluster.name;
  const backups = useLive<EtcdBackup>(clusterName ? backupsWanted(project, clusterName) : null);
  const rights = useRights(project);
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const [error, setError] = useState<unknown>();

  const back = { to: `/projects/${project}/automatic-backups`, label: t('nav.automaticBackups') };
  if (!configs.ready) return <Loading />;
  if (!config) return <><PageHeader title={name} back={back} /><Empty title={t('errors.gone')}>{t('errors.goneText')}</Empty></>;
  const cluster = clusters.items.find((one) => one.metadata.name === clusterName);
  const reason = isRestoring(cluster) ? t('restoring.reason', { cluster: clusterName }) : undefined;
  const attempt = (action: Promise<unknown>, done: string) => {
    setError(undefined);
    action.then(() => say(done), setError);
  };
  const mine = backups.items.filter((backup) => configOf(backup) === name);
  const healthy = condition(config, 'Healthy');
  const scheduled = condition(config, 'Scheduled');
  return (
    <>
      <PageHeader
        title={name} back={back} badge={<ConfigStatus config={config} />}
        actions={
          <>
            {rights.can('create', 'etcdbackups') && <Action variant="contained" reason={reason} onClick={() => attempt(backUpNow(project, clusterName!, config.spec.destination), t('backups.started'))}>{t('backups.now')}</Action>}
            {rights.can('patch', 'etcdbackupconfigs') && (
              <>
                <Action variant="outlined" startIcon={<EditIcon />} reason={reason} onClick={() => setEditing(true)}>{t('common.edit')}</Action>
                <Action
                  variant="outlined" startIcon={config.spec.suspend ? <PlayIcon /> : <PauseIcon />} reason={reason}
                  onClick={() => attempt(setSuspended(config, !config.spec.suspend), t(config.spec.suspend ? 'config.resumed' : 'config.suspended', { name }))}
                >
                  {t(config.spec.suspend ? 'config.resume' : 'config.suspend')}
                </Action>
              </>
            )}
            {rights.can('delete', 'etcdbackupconfigs') && <Action variant="outlined" color="error" startIcon={<TrashIcon />} reason={reason} onClick={() => setDeleting(true)}>{t('common.delete')}</Action>}
          </>
        }
      />
      {cluster && <RestoringBanner project={project} cluster={cluster} />}
      {error !== undefined && <ErrorNotice error={error} />}
      {configHealth(config) === 'unhealthy' && <Alert severity="error" sx={{ mb: 2 }}>{t('config.unhealthyText')} <Reason of="health" reason={healthy?.reason} /><Detail>{healthy?.message}</Detail></Alert>}
      {config.spec.suspend && <Alert severity="info" sx={{ mb: 2 }}>{t('config.suspendedText')}</Alert>}
      {!config.spec.suspend && scheduled?.status === 'False' && scheduled.message && !reason && <Alert severity="warning" sx={{ mb: 2 }}>{t('config.blocked')} <Reason of="skip" reason={scheduled.reason} /><Detail>{scheduled.message}</Detail></Alert>}
      <Section title={t('config.facts')}>
        <Facts
          facts={[
            [t('config.cluster'), cluster ? <Link to={`/projects/${project}/clusters/${clusterName}`}>{clusterName}</Link> : clusterName],
            [t('config.schedule'), <ScheduleText schedule={config.spec.schedule} timeZone={config.spec.timeZone} />],
            [t('config.keepShort'), t('config.keepOf', { completed: config.status?.completed ?? 0, keep: config.spec.keep })],
            [t('config.destination'), config.spec.destination ?? t('config.default')],
            [t('config.nextRun'), config.spec.suspend ? '–' : <When time={config.status?.nextScheduleTime} also="exact" />],
            [t('config.lastGood'), <When time={config.status?.lastSuccessTime} none={t('clusters.noBackup')} also="exact" />],
            [t('config.lastSkipped'), config.status?.lastSkippedTime ? <><When time={config.status.lastSkippedTime} /> (<Reason of="skip" reason={config.status.lastSkippedReason} />)</> : '–'],
            [t('config.failures'), config.status?.consecutiveFailures ?? 0],
            [t('config.policy'), config.spec.deletionPolicy === 'Delete' ? t('config.deleteToo') : t('config.retain')],
          ]}
        />
      </Section>
      {backups.ready ? (
        <BackupTable
          project={project} label={t('config.itsBackups', { name })} backups={mine} clusters={clusters.items}
          empty={<Empty title={t('config.noBackupsTitle')}>{t('config.noBackupsText')}</Empty>}
        />
      ) : <Loading />}
      {editing && <Suspense><ConfigDialog project={project} edit={config} onClose={() => setEditing(false)} /></Suspense>}
      {deleting && <DeleteConfig config={config} onClose={() => setDeleting(false)} onDone={() => navigate(back.to)} />}
    </>
  );
}

// SPDX-License-Identifier: Apache-2.0
// One cluster: its members, its backups over time, how to reach it.
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import type { NamedProps } from '../App';
import { deleteObject, patchObject } from '../api/client';
import type { EtcdBackup, EtcdBackupConfig, EtcdCluster, EtcdClusterStatus, EtcdRestore } from '../api/generated';
import { useLive } from '../api/live';
import { useRights } from '../api/rights';
import { Action, Code, Empty, ErrorNotice, Facts, Link, Loading, PageHeader, say, Section, When } from '../components/basics';
import { FromServer } from '../components/said';
import { LineChart, Timeline } from '../components/charts';
import { ClusterTrouble } from '../components/ClusterTrouble';
import { DataTable, OnNarrow, type Column } from '../components/DataTable';
import { ConfirmDialog, Consequence } from '../components/dialogs';
import { EtcdctlAccess } from '../components/EtcdctlAccess';
import { EventList } from '../components/EventList';
import { AddIcon, PauseIcon, PlayIcon, RestoreIcon, TrashIcon } from '../components/icons';
import { Meter } from '../components/Meter';
import { RestoringBanner } from '../components/RestoringBanner';
import { ScheduleText } from '../components/ScheduleText';
import { ClusterStatus, ConfigStatus, RestoreStatus, Status } from '../components/status';
import { backUpNow } from '../dialogs/actions';
import { formatBytes, formatDateTime, formatDuration, formatNumber, formatPercent } from '../lib/format';
import { backupPhase, backupTime, clusterFacts, isRestoring, isStuck, milliseconds, nextRun, proofOf, quotaOf, timeOf } from '../lib/model';
import { backupsWanted, clusterWanted, configsWanted, restoresWanted } from '../lib/wanted';

const ConfigDialog = lazy(() => import('../dialogs/ConfigDialog'));
type Member = NonNullable<EtcdClusterStatus['members']>[number];

export default function Cluster({ project, name }: NamedProps) {
  const { t, i18n } = useTranslation();
  const [, navigate] = useLocation();
  const found = useLive<EtcdCluster>(clusterWanted(project, name));
  const configs = useLive<EtcdBackupConfig>(configsWanted(project));
  const backups = useLive<EtcdBackup>(backupsWanted(project, name));
  const restores = useLive<EtcdRestore>(restoresWanted(project));
  const rights = useRights(project);
  const [adding, setAdding] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const [error, setError] = useState<unknown>();

  const back = { to: `/projects/${project}/clusters`, label: t('nav.clusters') };
  if (!found.ready) return <Loading />;
  const cluster = found.items[0];
  if (!cluster) return <><PageHeader title={name} back={back} /><Empty title={t('errors.gone')}>{t('errors.goneText')}</Empty></>;

  const external = cluster.spec.runtime === 'external';
  const reason = isRestoring(cluster) ? t('restoring.reason', { cluster: name }) : undefined;
  const itsConfigs = configs.items.filter((config) => config.spec.cluster.name === name);
  const itsRestores = restores.items.filter((restore) => restore.spec.cluster.name === name).sort((a, b) => timeOf(b.metadata.creationTimestamp) - timeOf(a.metadata.creationTimestamp));
  const itsBackups = backups.items.filter((backup) => !backup.status?.clusterUID || backup.status.clusterUID === cluster.metadata.uid);
  const completed = itsBackups.filter((backup) => backupPhase(backup) === 'Completed');
  const allBackups = `/projects/${project}/backups?cluster=${name}`;
  const facts = clusterFacts(cluster);
  const attempt = (action: Promise<unknown>, done: string) => {
    setError(undefined);
    action.then(() => say(done), setError);
  };
  const points = (pick: (backup: EtcdBackup) => number | undefined) =>
    completed.flatMap((backup) => {
      const value = pick(backup);
      return value === undefined ? [] : [{ time: timeOf(backupTime(backup)), value }];
    });
  const bytes = (value: number | undefined) => formatBytes(value, i18n.language);
  const marks = itsBackups.filter((backup) => ['Completed', 'Failed'].includes(backupPhase(backup))).map((backup) => ({
    time: timeOf(backupTime(backup)),
    tone: backupPhase(backup) === 'Failed' ? 'failed' as const : proofOf(backup).state === 'proven' ? 'good' as const : 'partly' as const,
    href: `/projects/${project}/backups/${backup.metadata.name}`,
    text: `${backup.metadata.name}, ${formatDateTime(new Date(backupTime(backup) ?? 0), i18n.language)}: ${t(`backupPhase.${backupPhase(backup)}`)}`,
  }));
  const leaderIndex = Math.max(0, ...(cluster.status?.members ?? []).map((member) => member.raftIndex ?? 0));
  const memberColumns: Column<Member>[] = [
    {
      id: 'name', header: t('common.name'),
      cell: (member) => (
        <>
          <strong>{member.name}</strong> {member.leader && <Box component="span" sx={{ color: 'primary.main' }}>({t('cluster.leader')})</Box>}{member.learner && ` (${t('cluster.learner')})`}
          {member.endpoint && <Box sx={{ fontSize: '0.8125rem', color: 'text.secondary' }}><Code>{member.endpoint}</Code></Box>}
          <OnNarrow below="sm">{bytes(member.dbSize || undefined)}</OnNarrow>
        </>
      ),
    },
    {
      id: 'health', header: t('cluster.health'), width: '180px',
      cell: (member) => (
        <>
          <Status tone={member.alarms?.length ? 'bad' : member.healthy ? 'good' : 'bad'} text={member.alarms?.length ? t('cluster.alarm', { alarms: member.alarms.join(', ') }) : member.healthy ? t('cluster.healthy') : t('cluster.unhealthy')} />
          {!member.healthy && member.message && <Box sx={{ fontSize: '0.8125rem' }}><FromServer>{member.message}</FromServer></Box>}
        </>
      ),
    },
    { id: 'version', header: t('clusters.version'), cell: (member) => member.version ?? '–', hideBelow: 'lg', width: '90px' },
    { id: 'revision', header: t('backups.revision'), cell: (member) => (member.revision ? formatNumber(member.revision, i18n.language) : '–'), hideBelow: 'md', width: '130px', align: 'right' },
    { id: 'lag', header: t('cluster.lag'), cell: (member) => (!member.raftIndex ? '–' : t('cluster.lagOf', { count: leaderIndex - member.raftIndex, number: formatNumber(leaderIndex - member.raftIndex, i18n.language) })), hideBelow: 'lg', width: '130px', align: 'right' },
    { id: 'size', header: t('clusters.size'), cell: (member) => <Meter value={member.dbSize || undefined} limit={quotaOf(cluster)} />, hideBelow: 'sm', width: '190px' },
    { id: 'waste', header: t('cluster.fragmentation'), cell: (member) => (member.dbSize && member.dbSizeInUse !== undefined ? formatPercent(Math.max(0, 1 - member.dbSizeInUse / member.dbSize), i18n.language) : '–'), hideBelow: 'xl', width: '148px', align: 'right' },
  ];
  return (
    <>
      <PageHeader
        title={name} back={back} badge={<ClusterStatus cluster={cluster} />}
        actions={
          <>
            {rights.can('create', 'etcdbackups') && <Action variant="contained" reason={reason} onClick={() => attempt(backUpNow(project, name), t('backups.started'))}>{t('backups.now')}</Action>}
            {rights.can('create', 'etcdrestores') && completed.length > 0 && <Action variant="outlined" startIcon={<RestoreIcon />} reason={reason} onClick={() => navigate(`${allBackups}&state=Completed`)}>{t('cluster.restore')}</Action>}
            {rights.can('create', 'etcdbackupconfigs') && <Action variant="outlined" startIcon={<AddIcon />} reason={reason} onClick={() => setAdding(true)}>{t('config.addTitle')}</Action>}
            {rights.can('patch', 'etcdclusters') && (
              <Action variant="outlined" startIcon={cluster.spec.paused ? <PlayIcon /> : <PauseIcon />} reason={reason}
                onClick={() => attempt(patchObject('etcdclusters', project, name, { spec: { paused: !cluster.spec.paused } }), t(cluster.spec.paused ? 'cluster.resumed' : 'cluster.paused'))}>
                {t(cluster.spec.paused ? 'cluster.resume' : 'cluster.pause')}
              </Action>
            )}
            {rights.can('delete', 'etcdclusters') && <Action variant="outlined" color="error" startIcon={<TrashIcon />} reason={isStuck(restores.items.find((one) => one.metadata.name === cluster.status?.activeRestore)) ? undefined : reason} onClick={() => setDeleting(true)}>{t('common.delete')}</Action>}
          </>
        }
      />
      <RestoringBanner project={project} cluster={cluster} />
      {error !== undefined && <ErrorNotice error={error} />}
      {cluster.spec.paused && <Alert severity="info" sx={{ mb: 2 }}>{t('cluster.pausedText')} {cluster.spec.pauseReason}</Alert>}
      <ClusterTrouble cluster={cluster} />
      <Section title={t('cluster.facts')}>
        <Facts
          facts={[
            [t('clusters.members'), cluster.status?.ready ? t('cluster.readyOf', { ready: cluster.status.ready }) : '–'],
            [t('clusters.version'), cluster.status?.version ?? '–'],
            [t('clusters.size'), <Meter value={facts.dbSize} limit={quotaOf(cluster)} />],
            [t('backups.revision'), facts.revision === undefined ? '–' : formatNumber(facts.revision, i18n.language)],
            [t('clusters.lastBackup'), <When time={cluster.status?.lastBackupTime} none={t('clusters.noBackup')} also="moment" />],
            [t('clusters.nextBackup'), <When time={nextRun(itsConfigs)} none={t('clusters.noneScheduled')} also="moment" />],
            [t('cluster.runtime'), external ? t('cluster.runtimeExternal') : t('cluster.runtimeLocal')],
            [t('cluster.etcdId'), cluster.status?.etcdClusterID ? <Code>{cluster.status.etcdClusterID}</Code> : '–'],
          ]}
        />
      </Section>
      <Box sx={{ mb: 2.5 }}>
        <DataTable label={t('cluster.membersLabel')} rows={cluster.status?.members ?? []} columns={memberColumns} rowKey={(member) => member.name} rowName={(member) => member.name} empty={<Empty title={t('cluster.noMembers')} />} />
      </Box>
      <Section title={t('cluster.backups')} actions={<Link to={allBackups}>{t('cluster.allBackups')}</Link>}>
        {marks.length === 0 ? t('cluster.noBackups') : (
          <>
            <Timeline marks={marks} label={t('cluster.timeline', { count: marks.length, good: marks.filter((mark) => mark.tone === 'good').length, failed: marks.filter((mark) => mark.tone === 'failed').length })} />
            {completed.length > 0 && <Box sx={{ mt: 1.5 }}>
              {t('cluster.newest')}: {completed.sort((a, b) => timeOf(backupTime(b)) - timeOf(backupTime(a))).slice(0, 3).map((backup, i) => (
                <span key={backup.metadata.name}>{i > 0 && ', '}<Link to={`/projects/${project}/backups/${backup.metadata.name}`}>{backup.metadata.name}</Link> (<When time={backupTime(backup)} />)</span>
              ))}
            </Box>}
          </>
        )}
      </Section>
      <Section title={t('charts.title')} description={t('charts.from')}>
        <Box sx={{ display: 'grid', gridTemplateColumns: { xs: '1fr', md: 'repeat(3, 1fr)' }, gap: 3 }}>
          <LineChart title={t('charts.size')} points={points((backup) => backup.status?.snapshot?.dbSize)} format={bytes} />
          <LineChart title={t('charts.stored')} points={points((backup) => backup.status?.stored?.newBytes)} format={bytes} />
          <LineChart title={t('charts.duration')} points={points((backup) => milliseconds(backup.status?.startTime, backup.status?.completionTime))} format={(value) => formatDuration(value, i18n.language)} />
        </Box>
      </Section>
      <Section title={t('nav.automaticBackups')}>
        {itsConfigs.length === 0 ? t('cluster.noConfigs') : (
          <Box component="ul" sx={{ listStyle: 'none', m: 0, p: 0 }}>
            {itsConfigs.map((config) => (
              <Box component="li" key={config.metadata.name} sx={{ display: 'grid', gridTemplateColumns: { xs: '1fr', sm: '1fr 190px 240px' }, gap: 1, py: 1, borderTop: 1, borderColor: 'divider', '&:first-of-type': { borderTop: 0 } }}>
                <Link to={`/projects/${project}/automatic-backups/${config.metadata.name}`}>{config.metadata.name}</Link>
                <ConfigStatus config={config} />
                <div><ScheduleText schedule={config.spec.schedule} timeZone={config.spec.timeZone} /></div>
              </Box>
            ))}
          </Box>
        )}
      </Section>
      {itsRestores.length > 0 && (
        <Section title={t('nav.restores')}>
          <Box component="ul" sx={{ listStyle: 'none', m: 0, p: 0 }}>
            {itsRestores.slice(0, 10).map((restore) => (
              <Box component="li" key={restore.metadata.name} sx={{ display: 'grid', gridTemplateColumns: { xs: '1fr', sm: '1fr 190px 240px' }, gap: 1, py: 1, borderTop: 1, borderColor: 'divider', '&:first-of-type': { borderTop: 0 } }}>
                <Link to={`/projects/${project}/restores/${restore.metadata.name}`}>{restore.metadata.name}</Link>
                <RestoreStatus restore={restore} />
                <When time={restore.status?.startTime ?? restore.metadata.creationTimestamp} />
              </Box>
            ))}
          </Box>
        </Section>
      )}
      <EtcdctlAccess project={project} cluster={cluster} />
      <EventList project={project} uid={cluster.metadata.uid} />
      {adding && <Suspense><ConfigDialog project={project} cluster={name} onClose={() => setAdding(false)} /></Suspense>}
      {deleting && (
        <ConfirmDialog
          title={t('cluster.deleteTitle', { name })} confirmLabel={t('common.delete')} typed={name} action={() => deleteObject('etcdclusters', project, name)}
          onClose={() => setDeleting(false)}
          onDone={() => {
            say(t('cluster.deleting', { name }));
            navigate(back.to);
          }}
        >
          <Consequence severity="error">{external ? t('cluster.deleteExternal') : t('cluster.deleteLocal')}</Consequence>
          <Consequence severity="info">
            {t('cluster.deleteBackups', { count: completed.length })}
            {itsConfigs.some((config) => config.spec.deletionPolicy === 'Delete') && ` ${t('cluster.deletePolicy', { names: itsConfigs.filter((config) => config.spec.deletionPolicy === 'Delete').map((config) => config.metadata.name).join(', ') })}`}
          </Consequence>
        </ConfirmDialog>
      )}
    </>
  );
}

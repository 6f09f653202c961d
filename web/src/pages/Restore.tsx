// SPDX-License-Identifier: Apache-2.0
// One restore: its steps as they are done, and how it ended.
import Alert from '@mui/material/Alert';
import AlertTitle from '@mui/material/AlertTitle';
import Box from '@mui/material/Box';
import LinearProgress from '@mui/material/LinearProgress';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { NamedProps } from '../App';
import { patchObject } from '../api/client';
import type { EtcdCluster, EtcdRestore } from '../api/generated';
import { useLive } from '../api/live';
import { useRights } from '../api/rights';
import { Action, Empty, Facts, Link, Loading, PageHeader, say, Section, useNow, When } from '../components/basics';
import { Detail, FromServer } from '../components/said';
import { ConfirmDialog, Consequence } from '../components/dialogs';
import { EventList } from '../components/EventList';
import { CancelIcon, CircleCheckIcon, ClockIcon, DotIcon, ErrorIcon } from '../components/icons';
import { RestoreStatus } from '../components/status';
import { formatBytes, formatDuration, formatNumber } from '../lib/format';
import { backSteps, failedStep, isStuck, milliseconds, restoreCanCancel, restoreIsOver, restorePhase, restoreSteps, type RestoreStep } from '../lib/model';
import { clustersWanted, restoreWanted } from '../lib/wanted';

export default function Restore({ project, name }: NamedProps) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const found = useLive<EtcdRestore>(restoreWanted(project, name));
  const clusters = useLive<EtcdCluster>(clustersWanted(project));
  const rights = useRights(project);
  const [cancelling, setCancelling] = useState(false);
  const back = { to: `/projects/${project}/restores`, label: t('nav.restores') };
  if (!found.ready) return <Loading />;
  const restore = found.items[0];
  if (!restore) return <><PageHeader title={name} back={back} /><Empty title={t('errors.gone')}>{t('errors.goneText')}</Empty></>;

  const { status, spec } = restore;
  const phase = restorePhase(restore);
  const over = restoreIsOver(restore);
  const begun = new Map((status?.steps ?? []).map((step) => [step.name, step]));
  const goesBack = begun.has('RollingBack') || begun.has('Returning');
  const planned: RestoreStep[] = restoreSteps.filter((step) => spec.safetyBackup || step !== 'SafetyBackup' || begun.has(step));
  const shown: RestoreStep[] = goesBack || phase === 'Failed' || phase === 'Cancelled'
    ? [...planned.filter((step) => begun.has(step)), ...backSteps.filter((step) => begun.has(step))]
    : planned;
  const progress = status?.progress;
  const cluster = clusters.items.find((one) => one.metadata.name === spec.cluster.name);
  const failed = failedStep(restore);
  const whyNot = restoreCanCancel(restore) ? undefined : spec.cancel ? t('restore.isCancelled') : t('restore.tooLate');
  const current = [...begun.values()].filter((step) => !step.completionTime).pop()?.name;
  return (
    <>
      <PageHeader
        title={t('restore.pageTitle', { cluster: spec.cluster.name })} description={name} back={back} badge={<RestoreStatus restore={restore} />}
        actions={!over && rights.can('patch', 'etcdrestores') && <Action variant="outlined" color="error" startIcon={<CancelIcon />} reason={whyNot} onClick={() => setCancelling(true)}>{t('restore.cancel')}</Action>}
      />
      <div role="status">
        {phase === 'Completed' && (
          <Alert severity="success" sx={{ mb: 2 }}>
            <AlertTitle>{t('restore.completedTitle')}</AlertTitle>
            {t('restore.completedText', { cluster: spec.cluster.name })}{status?.missingMembers?.length ? <div>{t('restore.missing', { members: status.missingMembers.join(', ') })}</div> : null}<Detail>{status?.message}</Detail>
            <div><Link to={`/projects/${project}/clusters/${spec.cluster.name}`}>{t('restore.toCluster')}</Link></div>
          </Alert>
        )}
        {phase === 'Failed' && (
          <Alert severity="error" sx={{ mb: 2 }}>
            <AlertTitle>{t('restore.failedTitle')}</AlertTitle>
            {failed && <div><strong>{t('restore.failedAt', { step: t(`restore.stepNames.${failed}`) })}</strong></div>}
            <Detail>{status?.message}</Detail>
            <Box sx={{ mt: 1 }}>{t('restore.failedText')}</Box>
          </Alert>
        )}
        {phase === 'Cancelled' && <Alert severity="info" sx={{ mb: 2 }}><AlertTitle>{t('restore.cancelledTitle')}</AlertTitle>{t('restore.cancelledText')}</Alert>}
        {!over && (
          <Alert severity={isStuck(restore) ? 'error' : 'warning'} sx={{ mb: 2 }}>
            <AlertTitle>{isStuck(restore) ? t('restore.stuckTitle') : goesBack || phase === 'RollingBack' ? t('restore.rollingBackTitle') : t('restore.runningTitle', { step: t(`restorePhase.${phase}`) })}</AlertTitle>
            {cluster?.status?.activeRestore ? t('restoring.text') : t('restore.notYetPaused')}
            <Detail>{status?.message}</Detail>
          </Alert>
        )}
      </div>
      {!over && (
        <Section title={t('restore.progress')}>
          <LinearProgress variant={progress?.bytesTotal ? 'determinate' : 'indeterminate'} value={progress?.percent ?? 0} aria-label={t('restore.progress')} sx={{ height: 8, borderRadius: 4 }} />
          <Typography variant="body2" color="text.secondary" sx={{ mt: 1 }}>
            {progress?.bytesTotal ? t('restore.bytes', { done: formatBytes(progress.bytesDone ?? 0, i18n.language), total: formatBytes(progress.bytesTotal, i18n.language) }) : t('restore.noBytes')}
          </Typography>
        </Section>
      )}
      <Section title={t('restore.steps')}>
        <Box component="ol" sx={{ listStyle: 'none', m: 0, p: 0 }}>
          {shown.map((step) => {
            const seen = begun.get(step);
            const done = Boolean(seen?.completionTime);
            const broken = phase === 'Failed' || phase === 'RollingBack' ? step === failed && !spec.cancel : seen && !done && over;
            const active = seen && !done && !over && step === current;
            const [Icon, color, word] = broken ? [ErrorIcon, 'error.main', t('restore.stepFailed')] as const
              : done ? [CircleCheckIcon, 'success.main', t('restore.stepDone')] as const
                : active ? [ClockIcon, 'info.main', t('restore.stepRuns')] as const
                  : [DotIcon, 'text.secondary', t('restore.stepAhead')] as const;
            return (
              <Box component="li" key={step} aria-current={active ? 'step' : undefined} sx={{ display: 'grid', gridTemplateColumns: '32px 1fr auto', gap: 1, py: 1, borderTop: 1, borderColor: 'divider', '&:first-of-type': { borderTop: 0 }, opacity: seen ? 1 : 0.8 }}>
                <Icon titleAccess={word} sx={{ color, fontSize: 22 }} />
                <Box sx={{ minWidth: 0 }}>
                  <Typography sx={{ fontWeight: active ? 650 : 450 }}>{t(`restore.stepNames.${step}`)}</Typography>
                  {seen?.message && <Typography variant="body2" color="text.secondary"><FromServer>{seen.message}</FromServer></Typography>}
                </Box>
                <Typography variant="body2" color="text.secondary" sx={{ textAlign: 'right', whiteSpace: 'nowrap' }}>
                  {seen && formatDuration(milliseconds(seen.startTime, seen.completionTime ?? (over ? undefined : now.toISOString())), i18n.language)}
                </Typography>
              </Box>
            );
          })}
        </Box>
      </Section>
      <Section title={t('restore.facts')}>
        <Facts
          facts={[
            [t('config.cluster'), <Link to={`/projects/${project}/clusters/${spec.cluster.name}`}>{spec.cluster.name}</Link>],
            [t('restore.backup'), <Link to={`/projects/${project}/backups/${spec.backup.name}`}>{spec.backup.name}</Link>],
            [t('restore.started'), <When time={status?.startTime ?? restore.metadata.creationTimestamp} also="exact" />],
            [t('restore.ended'), <When time={status?.completionTime} also="exact" />],
            [t('restore.took'), formatDuration(milliseconds(status?.startTime, status?.completionTime ?? now.toISOString()), i18n.language)],
            [t('restore.safetyShort'), status?.safetyBackup ? <Link to={`/projects/${project}/backups/${status.safetyBackup}`}>{status.safetyBackup}</Link> : spec.safetyBackup ? (over ? t('restore.safetyNone') : '–') : t('restore.safetyOff')],
            [t('restore.bumpShort'), spec.revisionBump === 0 ? t('restore.bumpOff') : formatNumber(spec.revisionBump, i18n.language)],
            [t('restore.timeout'), spec.timeout],
          ]}
        />
      </Section>
      <EventList project={project} uid={restore.metadata.uid} />
      {cancelling && (
        <ConfirmDialog
          title={t('restore.cancelTitle')} confirmLabel={t('restore.cancel')} action={() => patchObject('etcdrestores', project, name, { spec: { cancel: true } })}
          onClose={() => setCancelling(false)} onDone={() => say(t('restore.cancelling'), 'info')}
        >
          <Consequence>{t('restore.cancelText')}</Consequence>
        </ConfirmDialog>
      )}
    </>
  );
}

// SPDX-License-Identifier: Apache-2.0
// States in a picture, a colour and a word: never by colour alone.
import { styled } from '@mui/material/styles';
import { useTranslation } from 'react-i18next';
import type { EtcdBackup, EtcdBackupConfig, EtcdCluster, EtcdRestore } from '../api/generated';
import {
  backupPhase, backupTone, clusterPhase, clusterTone, configHealth, configTone, isStuck, proofOf, restorePhase, restoreTone, type Tone,
} from '../lib/model';
import { Small } from './basics';
import { CircleCheckIcon, ClockIcon, DotIcon, ErrorIcon, PauseIcon, ShieldIcon, WarningIcon } from './icons';

const looks = {
  good: { color: 'var(--mui-palette-success-main)', Icon: CircleCheckIcon },
  busy: { color: 'var(--mui-palette-info-main)', Icon: ClockIcon },
  warning: { color: 'var(--mui-palette-warning-main)', Icon: WarningIcon },
  bad: { color: 'var(--mui-palette-error-main)', Icon: ErrorIcon },
  neutral: { color: 'var(--mui-palette-text-secondary)', Icon: DotIcon },
} as const;

const Look = styled('span')({ display: 'inline-flex', alignItems: 'center', gap: 4, fontWeight: 600, fontSize: '0.875rem', maxWidth: '100%' });
const ofIcon = { fontSize: 18, flexShrink: 0 };

export function Status({ tone, text, icon }: { tone: Tone; text: string; icon?: 'pause' | 'shield' }) {
  const { color, Icon } = looks[tone];
  const Shown = icon === 'pause' ? PauseIcon : icon === 'shield' ? ShieldIcon : Icon;
  return (
    <Look style={{ color }}>
      <Shown aria-hidden="true" style={ofIcon} />
      <span>{text}</span>
    </Look>
  );
}

export function ClusterStatus({ cluster }: { cluster: EtcdCluster }) {
  const { t } = useTranslation();
  const phase = clusterPhase(cluster);
  const text = phase === 'Creating' && cluster.spec.runtime === 'external' ? t('clusters.connecting') : t(`clusterPhase.${phase}`);
  return <Status tone={clusterTone[phase]} text={text} icon={phase === 'Paused' ? 'pause' : undefined} />;
}

export function BackupStatus({ backup }: { backup: EtcdBackup }) {
  const { t } = useTranslation();
  const phase = backupPhase(backup);
  return <Status tone={backupTone[phase]} text={t(`backupPhase.${phase}`)} />;
}

export function RestoreStatus({ restore }: { restore: EtcdRestore }) {
  const { t } = useTranslation();
  if (isStuck(restore)) return <Status tone="bad" text={t('restore.stuck')} />;
  const phase = restorePhase(restore);
  return <Status tone={restoreTone[phase]} text={t(`restorePhase.${phase}`)} />;
}

export function ConfigStatus({ config }: { config: EtcdBackupConfig }) {
  const { t } = useTranslation();
  const health = configHealth(config);
  return <Status tone={configTone[health]} text={t(`configHealth.${health}`)} icon={health === 'suspended' ? 'pause' : undefined} />;
}

/** What is proven of a backup. Of one that is not complete nothing is. */
export function ProofStatus({ backup, brief = false }: { backup: EtcdBackup; brief?: boolean }) {
  const { t } = useTranslation();
  if (backupPhase(backup) !== 'Completed') return <>–</>;
  const proof = proofOf(backup);
  switch (proof.state) {
    case 'proven':
      return brief
        ? <><Status tone="good" icon="shield" text={t('proof.provenBrief')} /><Small>{t('proof.checksOf', { count: proof.passed })}</Small></>
        : <Status tone="good" icon="shield" text={t('proof.proven', { count: proof.passed })} />;
    case 'partly':
      return brief
        ? <><Status tone="warning" icon="shield" text={t('proof.partlyBrief')} /><Small>{t('proof.checksPartly', { passed: proof.passed, all: proof.passed + proof.skipped })}</Small></>
        : <Status tone="warning" icon="shield" text={t('proof.partly', { passed: proof.passed, all: proof.passed + proof.skipped })} />;
    case 'refuted':
      return <Status tone="bad" text={t('proof.refuted', { count: proof.failed })} />;
    case 'none':
      return <Status tone="warning" text={t('proof.none')} />;
  }
}

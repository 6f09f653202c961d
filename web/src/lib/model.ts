// SPDX-License-Identifier: Apache-2.0
// What objects mean to people. Pure; nothing here says more than the objects do.
import type {
  EtcdBackup, EtcdBackupConfig, EtcdBackupStatus, EtcdCluster, EtcdRestore, EtcdRestoreStatus,
} from '../api/generated';
import type { Condition } from '../api/meta';

export type ClusterPhase = NonNullable<NonNullable<EtcdCluster['status']>['phase']>;
export type BackupPhase = NonNullable<EtcdBackupStatus['phase']>;
export type RestorePhase = NonNullable<EtcdRestoreStatus['phase']>;
export type Tone = 'good' | 'busy' | 'warning' | 'bad' | 'neutral';

export const clusterPhase = (cluster: EtcdCluster): ClusterPhase =>
  cluster.metadata.deletionTimestamp ? 'Deleting' : (cluster.status?.phase ?? 'Creating');
export const backupPhase = (backup: EtcdBackup): BackupPhase =>
  backup.metadata.deletionTimestamp ? 'Deleting' : (backup.status?.phase ?? 'Pending');
export const restorePhase = (restore: EtcdRestore): RestorePhase => restore.status?.phase ?? 'Pending';

export const clusterTone: Record<ClusterPhase, Tone> = {
  Running: 'good', Creating: 'busy', Restoring: 'busy', Degraded: 'warning', Unreachable: 'bad', Paused: 'neutral', Deleting: 'neutral',
};
export const backupTone: Record<BackupPhase, Tone> = {
  Completed: 'good', Pending: 'busy', Running: 'busy', Verifying: 'busy', Failed: 'bad', Deleting: 'neutral',
};
export const restoreTone: Record<RestorePhase, Tone> = {
  Pending: 'busy', Preflight: 'busy', SafetyBackup: 'busy', Pausing: 'busy', StoppingMembers: 'busy', Rebuilding: 'busy',
  StartingMembers: 'busy', Verifying: 'busy', Completed: 'good', RollingBack: 'warning', Failed: 'bad', Cancelled: 'neutral',
};

export const restoreIsOver = (restore: EtcdRestore): boolean => ['Completed', 'Failed', 'Cancelled'].includes(restorePhase(restore));
export const restoreCanCancel = (restore: EtcdRestore): boolean =>
  !restore.spec.cancel && ['Pending', 'Preflight', 'SafetyBackup', 'Pausing', 'StoppingMembers', 'Rebuilding'].includes(restorePhase(restore));

/** In their order, as the server names them. */
export const restoreSteps = ['Preflight', 'SafetyBackup', 'Pausing', 'StoppingMembers', 'Rebuilding', 'StartingMembers', 'Verifying', 'Opening', 'RemovingOldData', 'Releasing'] as const;
export const backSteps = ['RollingBack', 'Returning'] as const;
export type RestoreStep = (typeof restoreSteps)[number] | (typeof backSteps)[number];
/** It waits for a person to mend something; its message says what. */
export const isStuck = (restore: EtcdRestore | undefined): boolean => restore !== undefined && !restoreIsOver(restore) && condition(restore, 'Stuck')?.status === 'True';
/** The last step that was begun before the way back: that is the one that failed. */
export const failedStep = (restore: EtcdRestore): RestoreStep | undefined =>
  [...restoreSteps].reverse().find((step) => restore.status?.steps?.some((one) => one.name === step));

/** While a restore has it nobody may change a cluster: the API refuses, and the page says so before. */
export const isRestoring = (cluster: EtcdCluster | undefined): boolean => Boolean(cluster?.status?.activeRestore);

// --- evidence

export interface Proof {
  /** `proven`: everything was checked and passed. `partly`: something could not be checked. */
  state: 'proven' | 'partly' | 'refuted' | 'none';
  passed: number;
  skipped: number;
  failed: number;
}

export function proofOf(backup: Pick<EtcdBackup, 'status'>): Proof {
  const evidence = backup.status?.evidence ?? [];
  const count = (result: string) => evidence.filter((item) => item.result === result).length;
  const proof = { passed: count('Passed'), skipped: count('Skipped'), failed: count('Failed') };
  const state = evidence.length === 0 ? 'none' : proof.failed > 0 ? 'refuted' : proof.skipped > 0 ? 'partly' : 'proven';
  return { state, ...proof };
}

/** A backup that a cluster can be brought back from, as far as anybody knows. */
export const isGood = (backup: EtcdBackup): boolean => backupPhase(backup) === 'Completed' && proofOf(backup).failed === 0;

export const milliseconds = (from: string | undefined, to: string | undefined): number | undefined =>
  from && to ? Math.max(0, new Date(to).getTime() - new Date(from).getTime()) : undefined;
export const timeOf = (text: string | undefined): number => (text ? new Date(text).getTime() : 0);
/** When a backup's data is from: what a restore goes back to. */
export const backupTime = (backup: EtcdBackup): string | undefined =>
  backup.status?.startTime ?? backup.status?.scheduledTime ?? backup.metadata.creationTimestamp;

// --- automatic backups

export const condition = (object: { status?: { conditions?: Condition[] } }, type: string): Condition | undefined =>
  object.status?.conditions?.find((one) => one.type === type);

export type ConfigHealth = 'healthy' | 'unhealthy' | 'suspended' | 'waiting' | 'deleting';
/** Healthy means that good backups exist, and recent ones. Nothing is said before the first. */
export function configHealth(config: EtcdBackupConfig): ConfigHealth {
  if (config.metadata.deletionTimestamp) return 'deleting';
  const healthy = condition(config, 'Healthy');
  if (healthy?.status === 'False') return 'unhealthy';
  if (config.spec.suspend) return 'suspended';
  return healthy?.status === 'True' && config.status?.lastSuccessTime ? 'healthy' : 'waiting';
}
export const configTone: Record<ConfigHealth, Tone> = {
  healthy: 'good', unhealthy: 'bad', suspended: 'neutral', waiting: 'busy', deleting: 'neutral',
};

/** The first run that comes, of all of a cluster's automatic backups. */
export function nextRun(configs: readonly EtcdBackupConfig[]): string | undefined {
  return configs
    .filter((config) => !config.spec.suspend && config.status?.nextScheduleTime)
    .map((config) => config.status!.nextScheduleTime!)
    .sort()[0];
}

export const configOf = (backup: EtcdBackup): string | undefined =>
  backup.metadata.ownerReferences?.find((owner) => owner.kind === 'EtcdBackupConfig')?.name ?? backup.metadata.labels?.['tresor.dev/config'];

// --- clusters

export interface ClusterFacts {
  dbSize?: number;
  inUse?: number;
  revision?: number;
  alarms: string[];
}
export function clusterFacts(cluster: EtcdCluster): ClusterFacts {
  const members = cluster.status?.members ?? [];
  // Of one that has never answered nothing is known, and nothing is zero.
  const most = (pick: (member: (typeof members)[number]) => number | undefined) =>
    members.reduce<number | undefined>((largest, member) => {
      const value = pick(member) || undefined;
      return value === undefined ? largest : Math.max(largest ?? 0, value);
    }, undefined);
  return {
    dbSize: most((member) => member.dbSize),
    inUse: most((member) => member.dbSizeInUse),
    revision: most((member) => member.revision),
    alarms: [...new Set(members.flatMap((member) => member.alarms ?? []))],
  };
}
export const defaultQuota = 2 * 2 ** 30;
/** etcd's own default where none is set. What an external etcd has set nobody tells us. */
export const quotaOf = (cluster: EtcdCluster): number | undefined =>
  cluster.spec.runtime === 'external' ? undefined : cluster.spec.quotaBackendBytes || defaultQuota;

/** Clusters that need somebody first: without a good backup, then the one whose last is oldest. */
export function byNeed(clusters: readonly EtcdCluster[]): EtcdCluster[] {
  return [...clusters].sort((a, b) => timeOf(a.status?.lastBackupTime) - timeOf(b.status?.lastBackupTime));
}

// --- names

export const nameProblem = (name: string, maxLength = 52): 'required' | 'tooLong' | 'characters' | undefined =>
  name === '' ? 'required' : name.length > maxLength ? 'tooLong' : /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name) ? undefined : 'characters';

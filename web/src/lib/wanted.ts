// SPDX-License-Identifier: Apache-2.0
// What screens watch: the fields that lists show, and nothing more, so that twenty thousand backups are no burden.
import type { Wanted } from '../api/live';
import type { Namespace } from '../api/meta';

export const projectsWanted: Wanted = { resource: 'namespaces', fields: 'status.phase' };

/** Projects of people: not where Tresor keeps its own keys. */
export const userProjects = (namespaces: readonly Namespace[]): Namespace[] =>
  namespaces
    .filter((one) => one.metadata.name !== 'tresor-system' && !one.metadata.deletionTimestamp)
    .sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));

const exactly = (path: string, value: string) => `${path}=${value.replace(/[\\,=]/g, '\\$&')}`;

export const clustersWanted = (namespace: string | undefined): Wanted => ({
  resource: 'etcdclusters', namespace,
  fields: 'spec.runtime,spec.replicas,spec.paused,spec.quotaBackendBytes,status.phase,status.message,status.ready,status.version,status.activeRestore,'
    + 'status.lastBackupTime,status.members.name,status.members.healthy,status.members.dbSize,status.members.alarms',
});
export const clusterWanted = (namespace: string, name: string): Wanted => ({
  resource: 'etcdclusters', namespace, fieldSelector: exactly('metadata.name', name),
});
export const configsWanted = (namespace: string | undefined): Wanted => ({
  resource: 'etcdbackupconfigs', namespace, fields: 'spec,status',
});
export const backupsWanted = (namespace: string | undefined, cluster?: string): Wanted => ({
  resource: 'etcdbackups', namespace, fieldSelector: cluster ? exactly('spec.cluster.name', cluster) : undefined,
  fields: 'metadata.ownerReferences.kind,metadata.ownerReferences.name,spec,status.phase,status.message,status.progress.percent,status.scheduledTime,'
    + 'status.startTime,status.completionTime,status.destination,status.clusterUID,status.snapshot.revision,status.snapshot.dbSize,status.stored.newBytes,'
    + 'status.evidence.check,status.evidence.result',
});
export const backupWanted = (namespace: string, name: string): Wanted => ({
  resource: 'etcdbackups', namespace, fieldSelector: exactly('metadata.name', name),
});
export const restoresWanted = (namespace: string | undefined): Wanted => ({
  resource: 'etcdrestores', namespace,
  fields: 'spec,status.phase,status.message,status.progress,status.steps.name,status.conditions,status.startTime,status.completionTime',
});
export const restoreWanted = (namespace: string, name: string): Wanted => ({
  resource: 'etcdrestores', namespace, fieldSelector: exactly('metadata.name', name),
});
export const eventsWanted = (namespace: string | undefined, uid?: string): Wanted => ({
  resource: 'events', namespace, fieldSelector: uid ? exactly('involvedObject.uid', uid) : undefined,
  fields: 'type,reason,message,count,firstTimestamp,lastTimestamp,involvedObject',
});
export const destinationsWanted: Wanted = { resource: 'backupdestinations' };

// SPDX-License-Identifier: Apache-2.0
// What the server says in status, conditions and events, as it says it: sentences.test.ts finds each of these in its
// sources. So the page can say the same in the reader's language; what is not among them stays as it came.

/** `{why}` is a sentence itself, and `(s)` may be there or not. Those that say more come before those that say less. */
export const sentences = {
  // clusters
  clusterIs: 'the cluster is {phase}',
  memberUnhealthyWhy: 'member {member} is not healthy: {why}',
  memberUnhealthyYet: 'member {member} is not healthy yet',
  memberUnhealthy: 'member {member} is not healthy',
  memberAlarm: 'member {member}: alarm {alarm}',
  membersThere: '{ready} of {all} members are there',
  noMemberAnswers: 'no member answers',
  noMemberOfClusterAnswers: 'no member of the cluster answers',
  launcherGone: 'its launcher does not run',
  defaultBackups: 'backup configuration "{config}": {schedule}, keeps {keep}',
  restoreLost: 'restore "{restore}" is gone; the cluster is free again',
  // what stands in the way of a backup
  clusterMissing: 'cluster "{cluster}" does not exist',
  clusterRestoring: 'cluster "{cluster}" is being restored by "{restore}"',
  clusterDeleting: 'cluster "{cluster}" is being deleted',
  clusterPaused: 'cluster "{cluster}" is paused',
  configSuspended: 'the configuration is suspended',
  stillRuns: 'backup "{backup}" still runs',
  noDefaultDestination: 'there is no default destination',
  slotSkipped: 'no backup for {time}: {why}',
  // automatic backups
  firstIsYetToCome: 'the first backup is yet to come',
  isYetToBeMade: 'the backup is yet to be made',
  nothingWhileSuspended: 'suspended: no backups are made',
  newestGoodIsOf: 'the newest good backup is of {time}',
  noBackupYet: 'there is no backup yet',
  // backups
  waitsForTurn: 'waits for its turn',
  turnDidNotCome: 'its turn did not come in time: too many backups wait',
  serverWasStopped: 'interrupted: the server was stopped',
  attemptFailed: 'attempt {attempt} failed: {why}; the next is at {time}',
  afterAttempts: '{why} ({attempts} attempts)',
  completed: 'revision {revision}, {bytes} bytes, {newBytes} new',
  adopted: 'found in repository {repository}',
  backupCompleted: 'backup "{backup}" completed',
  // evidence
  hashKvCompacted: '{hash} at revision {revision} (compacted {compacted})',
  hashKvNever: '{hash} at revision {revision} (never compacted)',
  readAgain: '{objects} new object(s), {bytes} bytes, read again, opened and equal',
  structure: '{pages} page(s) of {buckets} bucket(s), {records} record(s)',
  lineage: 'lineage {lineage}',
  otherLineage: 'lineage {lineage} after {other}',
  // restores
  proven: '{records} records, HashKV {hash} at revision {revision}',
  noSafetyBackup: 'no safety backup: {why}',
  safetyBackupFailed: 'the safety backup failed: {why} (spec.safetyBackup: false restores without one)',
  safetyBackupDeleted: 'it was deleted',
  otherRestore: 'restore "{restore}" has the cluster; nothing was touched',
  waitsForBackups: 'waits for {count} running backup(s) to end',
  notAllHealthyYet: 'not all members are healthy yet',
  notAllAnswered: 'not all members have answered',
  verified: '{members} members: hash {hash} at revision {revision}, compacted at {compacted}',
  notInTimeWhy: 'not done in time: {stage} did not end before {time}: {why}',
  notInTime: 'not done in time: {stage} did not end before {time}',
  cancelled: 'cancelled',
  wentOnWithoutSome: 'went on without some of it',
  wentOnWithout: 'went on without: {why}',
  wentOnWithoutMembers: 'went on without {why}',
  stuck: 'stuck: {why}; see etcd.log and launcher.log in its folder. It goes on by itself as soon as that is mended; if the data is lost, restore the backup into another cluster and delete this one, which is allowed now',
  cannotOpen: 'members cannot be told to open: {why}',
  noQuorumOpened: 'no quorum has opened: {why}',
  openedWithOther: 'members have opened with other data: {why}',
  notBackYet: 'members are not back on their old data: {why}',
  restoreStage: 'restore of "{cluster}" from backup "{backup}": {stage}',
  restoreFromWhy: 'restore "{restore}" from backup "{backup}": {why}',
  restoreFrom: 'restore "{restore}" from backup "{backup}"',
  // destinations
  probed: 'written, read, listed and deleted a probe',
  destinationReady: 'the destination can be written, read and listed',
  keyMade: 'Secret "{project}/{secret}" has the key of all backups there: keep a copy elsewhere',
  unreadable: '{unreadable} of {all} repositories can\'t be read: {why}',
  // what is wrong with what somebody typed
  invalidValue: 'Invalid value: {value}: {why}',
  notFound: 'Not found: "{name}": there is no such {what}',
  atMost: '{path} in body should be less than or equal to {most}',
  atLeast: '{path} in body should be greater than or equal to {least}',
  notWithin: '{field}: {number} is not within {range}',
  notNumber: '{field}: "{text}" is not a number',
  notName: '{field}: "{text}" is not a number or name',
  notStep: '{field}: "{text}" is not a step',
  backwards: '{field}: the range {range} ends before it begins',
  fiveFields: 'must have five fields (minute, hour, day of month, month, day of week), not {number}',
  everyRange: '@every {text}: must be between 1m and 8760h (a year)',
  notDuration: '"{text}" is not a duration; write it as "1h30m"',
  unknownDescriptor: 'unknown descriptor {text}; there are {list}',
  neverRuns: 'there is no such day: it would never run',
  unknownZone: 'unknown time zone "{zone}"',
  // what may have another sentence in it
  backupWhy: 'backup "{backup}": {why}',
  backupNamed: 'backup "{backup}"',
} as const;
export type Sentence = keyof typeof sentences;

const escape = (text: string) => text.split('(s)').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('s?');
const patterns = Object.entries(sentences).map(([key, said]) => ({
  key: key as Sentence,
  // A name in quotes has no quotes in it; only what is said last may be anything.
  pattern: new RegExp(`^${said.split(/(\{\w+\})/).map((part) => {
    const hole = /^\{(\w+)\}$/.exec(part)?.[1];
    return hole === undefined ? escape(part) : hole === 'why' || hole === 'value' ? `(?<${hole}>.+${hole === 'value' ? '?' : ''})` : `(?<${hole}>[^"]+?)`;
  }).join('')}$`, 's'),
}));

export interface Understood {
  key: Sentence;
  holes: Record<string, string>;
}

export function understand(text: string): Understood | undefined {
  for (const { key, pattern } of patterns) {
    const match = pattern.exec(text);
    if (match) return { key, holes: { ...match.groups } };
  }
  return undefined;
}

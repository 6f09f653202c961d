// SPDX-License-Identifier: Apache-2.0
// Every word of the page in English. de.ts has the same keys; the compiler and catalogues.test.ts see to it.
export const en = {
  common: {
    name: 'Name', created: 'Created', all: 'All', loading: 'Loading …', cancel: 'Cancel', create: 'Create', delete: 'Delete', edit: 'Edit', save: 'Save',
    copy: 'Copy', copied: 'Copied', tryAgain: 'Try again', working: 'Working …', typeName: 'To confirm, type the name: {{name}}',
  },
  frame: {
    skip: 'Skip to the content', menu: 'Navigation', home: 'Tresor: to the start', navigation: 'Navigation', projectIs: '{{name}}', chooseProject: 'Choose a project',
    allProjects: 'All projects …', user: 'Logged in as {{name}}', logOut: 'Log out', scheme: 'Light or dark',
    schemes: { system: 'As the system', light: 'Light', dark: 'Dark' },
  },
  nav: {
    overview: 'Overview', clusters: 'Clusters', etcdBackups: 'Etcd Backups', automaticBackups: 'Automatic Backups', backups: 'Backups', restores: 'Restores', activity: 'Activity',
    everywhere: 'All projects', projects: 'Projects', allClusters: 'All clusters', admin: 'Admin', destinations: 'Destinations', settings: 'Settings', health: 'Health',
  },
  live: {
    broken: 'Not live: the connection to the server is lost. What you see may be out of date. Connecting again …', retry: 'Connect now',
  },
  login: {
    title: 'Log in', user: 'User', password: 'Password', submit: 'Log in', busy: 'Logging in …', wrong: 'User or password is wrong.', other: 'Log in as somebody else',
    hint: 'The first start of tresor serve prints the password of admin, once.',
    endedTitle: 'Your session has ended', endedText: 'Log in again to go on where you were. Sessions end after twelve hours, and when the server restarts.',
  },
  names: {
    required: 'A name is needed.', tooLong: 'That is too long.', characters: 'Small letters, digits and dashes only, with a letter or digit at both ends.', taken: 'There is one of that name already.',
    hint: 'Small letters, digits and dashes',
  },
  errors: {
    unexpected: 'That did not work', unreachable: 'The server cannot be reached', unreachableText: 'The page tries again every few seconds.', unauthorized: 'Your session has ended.',
    forbidden: 'You are not allowed to do this.', notFound: 'It is not there (any more).', conflict: 'This cannot be done right now.', tooMany: 'Too many requests. Try again in a moment.',
    unavailable: 'The server is not ready. Try again in a moment.', full: 'There is no room left.',
    gone: 'It is not there', goneText: 'It was deleted, or there never was one of that name in this project.', noPage: 'There is no such page',
  },
  table: {
    search: 'Search', searchIn: 'Search in {{what}}', someOf: '{{shown}} of {{all}}', count_one: '{{number}} entry', count_other: '{{number}} entries', nothingFound: 'Nothing matches “{{search}}”.',
    select: 'Select {{name}}', selectAll: 'Select all', actions: 'Actions',
  },
  clusterPhase: { Creating: 'Creating', Running: 'Running', Degraded: 'Degraded', Unreachable: 'Unreachable', Paused: 'Paused', Restoring: 'Restoring', Deleting: 'Deleting' },
  backupPhase: { Pending: 'Waiting', Running: 'Running', Verifying: 'Verifying', Completed: 'Completed', Failed: 'Failed', Deleting: 'Deleting' },
  restorePhase: {
    Pending: 'Waiting', Preflight: 'Checking the backup', SafetyBackup: 'Safety backup', Pausing: 'Pausing the cluster', StoppingMembers: 'Stopping members', Rebuilding: 'Rebuilding the data',
    StartingMembers: 'Starting members', Verifying: 'Verifying', Completed: 'Completed', RollingBack: 'Rolling back', Failed: 'Failed', Cancelled: 'Cancelled',
  },
  configHealth: { healthy: 'Good backups exist', unhealthy: 'Needs attention', suspended: 'Suspended', waiting: 'No backup yet', deleting: 'Deleting' },
  proof: {
    label: 'Evidence', title: 'Evidence', proven_one: 'Proven: {{count}} check', proven_other: 'Proven: {{count}} checks', partly: '{{passed}} of {{all}} checks proven', refuted_one: '{{count}} check failed', refuted_other: '{{count}} checks failed',
    none: 'No evidence', noneYet: 'Nothing has been checked yet.',
    state: {
      proven: 'Every check passed at the time stated with it.', partly: 'Some of it could not be checked. What is missing says why.', refuted: 'At least one check failed: do not rely on this backup.',
      none: 'Nothing is proven as long as the backup is not complete.',
    },
    result: { Passed: 'Passed', Skipped: 'Not checked', Failed: 'Failed' },
    checks: {
      sha256: 'Completeness of the stream (SHA-256)', structure: 'Structure of the database', hashkv: 'etcd’s own checksum (HashKV)', 'read-back': 'Reading back what was stored', lineage: 'Continuity with earlier backups', member: 'Comparison with member {{id}}',
    },
    means: {
      sha256: { Passed: 'Every byte arrived as etcd sent it.' }, structure: { Passed: 'Every page, bucket and record was read, and is sound.' }, hashkv: { Passed: 'Computed anew from the records.' }, 'read-back': { Passed: 'What lies in the repository was read, decrypted, and is equal.' },
      lineage: { Passed: 'It goes on from the backups before it.', Skipped: 'Its content is not that of the backups before it. After a restore into the cluster that is as it must be; otherwise look closer.' },
      member: { Passed: 'The member has the same data: its own checksum is the same.', Skipped: 'The member could not be compared.', Failed: 'The member has other data than this backup.' },
    },
  },
  // What the server says, worded by the page: lib/sentences.ts.
  said: {
    clusterIs: 'The cluster’s state: {{phase}}', memberUnhealthyWhy: 'Member {{member}} is not healthy: {{why}}', memberUnhealthyYet: 'Member {{member}} is not healthy yet', memberUnhealthy: 'Member {{member}} is not healthy', memberAlarm: 'Member {{member}} has raised the alarm {{alarm}}',
    membersThere: '{{ready}} of {{all}} members are there', noMemberAnswers: 'No member answers', noMemberOfClusterAnswers: 'No member of the cluster answers', launcherGone: 'its process does not run',
    defaultBackups: 'Automatic backup {{config}}: {{schedule}}, {{keep}} are kept', restoreLost: 'Restore {{restore}} is gone; the cluster is free again',
    clusterMissing: 'Cluster {{cluster}} does not exist', clusterRestoring: 'Cluster {{cluster}} is being restored by {{restore}}', clusterDeleting: 'Cluster {{cluster}} is being deleted', clusterPaused: 'Cluster {{cluster}} is paused', configSuspended: 'The automatic backup is suspended',
    stillRuns: 'Backup {{backup}} still runs', noDefaultDestination: 'There is no default destination', slotSkipped: 'No backup for {{time}}: {{why}}',
    firstIsYetToCome: 'The first backup is yet to come', isYetToBeMade: 'The backup is yet to be made', nothingWhileSuspended: 'Suspended: no backups are made', newestGoodIsOf: 'The newest good backup is of {{time}}', noBackupYet: 'There is no backup yet',
    waitsForTurn: 'It waits for its turn', turnDidNotCome: 'Its turn did not come in time: too many backups wait', serverWasStopped: 'Interrupted: the server was stopped', attemptFailed: 'Attempt {{attempt}} failed: {{why}}; the next is at {{time}}', afterAttempts: '{{why}} ({{attempts}} attempts)',
    completed: 'Revision {{revision}}, {{bytes}}, {{newBytes}} of them new', adopted: 'Found in repository {{repository}}', backupCompleted: 'Backup {{backup}} is completed',
    hashKvCompacted: '{{hash}} at revision {{revision}}, compacted at {{compacted}}', hashKvNever: '{{hash}} at revision {{revision}}, never compacted', readAgain: 'What was stored was read again, opened, and is equal',
    proven: '{{records}} records, HashKV {{hash}} at revision {{revision}}', noSafetyBackup: 'No safety backup: {{why}}', safetyBackupFailed: 'The safety backup failed: {{why}} – it can be left out when restoring', safetyBackupDeleted: 'It was deleted', otherRestore: 'Restore {{restore}} has the cluster; nothing was touched',
    waitsForOneBackup: 'Waits for a running backup to end', waitsForBackups: 'Waits for {{count}} running backups to end', notAllHealthyYet: 'Not all members are healthy yet', notAllAnswered: 'Not all members have answered', verified: '{{members}} members: HashKV {{hash}} at revision {{revision}}, compacted at {{compacted}}',
    notInTimeWhy: 'Not done in time: “{{stage}}” did not end before {{time}}: {{why}}', notInTime: 'Not done in time: “{{stage}}” did not end before {{time}}', cancelled: 'Cancelled', wentOnWithout: 'Went on without: {{why}}', wentOnAfterWhy: 'Went on after ten minutes: {{why}}', wentOnAfter: 'Went on after ten minutes',
    restoreStage: 'Restore of {{cluster}} from backup {{backup}}: {{stage}}', restoreFromWhy: 'Restore {{restore}} from backup {{backup}}: {{why}}', restoreFrom: 'Restore {{restore}} from backup {{backup}}',
    probed: 'A probe was written, read, listed and deleted', destinationReady: 'It can be written, read and listed', keyMade: 'Secret {{project}}/{{secret}} has the key of all backups there: keep a copy elsewhere', unreadable: '{{unreadable}} of {{all}} repositories cannot be read: {{why}}',
    backupWhy: 'Backup {{backup}}: {{why}}', backupNamed: 'Backup {{backup}}',
  },
  // One word of the API each: reasons of events and conditions.
  reasons: {
    event: {
      Adopted: 'Backup found again in the repository', AttemptFailed: 'An attempt failed', Completed: 'Completed', Failed: 'Failed', StoredDataLeft: 'Stored data could not be removed', Creating: 'The cluster is being started', Running: 'The cluster runs', Degraded: 'The cluster is degraded',
      Unreachable: 'The cluster cannot be reached', Paused: 'The cluster is paused', Restoring: 'The cluster is being restored', Deleting: 'The cluster is being deleted', DefaultBackups: 'Automatic backups were set up', RestoreLost: 'The restore is gone', BackupSkipped: 'A backup was skipped', BackupStarted: 'A backup was started',
      LastRunFailed: 'The last run failed', BackupTooOld: 'The newest good backup is too old', InvalidSchedule: 'The schedule cannot be read', Healthy: 'There are good backups again', NotReady: 'The destination does not work', Ready: 'The destination works', KeyMade: 'A key for the backups was made',
      RepositoriesUnreadable: 'Some repositories cannot be read', Pending: 'The restore was accepted', Preflight: 'The backup is being checked', SafetyBackup: 'The present state is being backed up', Pausing: 'The cluster is being paused', StoppingMembers: 'Members are being stopped', Rebuilding: 'The data is being rebuilt',
      StartingMembers: 'Members are being started', Verifying: 'Members are being compared with the backup', Opening: 'Client ports are being opened', RemovingOldData: 'Old data is being removed', Releasing: 'The cluster is being released', RollingBack: 'The old data is being brought back', Returning: 'The cluster returns as it was',
      Cancelled: 'Cancelled', RestoreCompleted: 'The cluster was restored', RestoreFailed: 'A restore failed', RestoreCancelled: 'A restore was cancelled',
    },
    health: { LastRunFailed: 'The last run failed.', BackupTooOld: 'There should be a newer good backup by now.', InvalidSchedule: 'The schedule cannot be read.' },
    skip: {
      ClusterMissing: 'the cluster does not exist', Suspended: 'suspended', ClusterDeleting: 'the cluster is being deleted', ClusterRestoring: 'the cluster was being restored', ClusterPaused: 'the cluster is paused', StillRunning: 'the run before was not over', InvalidSchedule: 'the schedule cannot be read',
    },
    refused: {
      AlreadyExists: 'There is one of that name already.', Invalid: 'The server does not accept this as it is.', ClusterRestoring: 'The cluster is being restored. Nothing of it can be changed until that is over.', ClusterDeleting: 'The cluster is being deleted.', RestoreActive: 'Another restore of this cluster is not over.',
      BackupInUse: 'A restore is using this backup.', DestinationInUse: 'Backups lie there, or are to go there.', TooLateToCancel: 'It is too late to cancel this restore.', SystemNamespace: 'This project belongs to Tresor itself and cannot be deleted.',
    },
    ready: { ProbeFailed: 'What was tried there failed.', NotSupported: 'This version cannot use such a destination.' },
  },
  // What to do about it: lib/hints.ts.
  hints: {
    refused: 'Nothing listens there. Check address and port, and that etcd runs.', unknownHost: 'There is no host of that name.', unknownAuthority: 'The certificate that etcd shows is not signed by the authority given here. Give the authority (CA) of this etcd.', otherName: 'etcd’s certificate is made out for other names. Use one of those, or have a new one made.',
    password: 'etcd does not accept this user and password.', userNeeded: 'This etcd wants a user and password.', notAllowed: 'This user may not do that in etcd: it needs the role root.', clientCertificate: 'etcd ended the connection. Most likely it wants a client certificate that its own authority has signed.',
    tlsOrNot: 'The other side ended the connection at once. Most likely one of the two speaks TLS and the other does not: try https:// in place of http://, or the other way round.', notEtcd: 'What answers there is not etcd.', notPem: 'Give it in PEM form: the text from -----BEGIN to -----END.', keyMissing: 'A client certificate and its key go together: give both, or neither.',
    otherKey: 'The client certificate and its key do not belong together, or one of them cannot be read.', noAnswer: 'There was no answer in time. A firewall between may be the reason.', noRoom: 'There is no room left on the disk.',
  },
  projects: {
    description: 'A project owns clusters, their backups and restores. It is a Kubernetes namespace.', add: 'Add Project', added: 'Project {{name}} was created', emptyTitle: 'No projects yet',
    emptyText: 'Create a project first. Clusters, backups and restores belong to it.', clusters_one: '{{count}} cluster', clusters_other: '{{count}} clusters', unhealthy: 'Automatic backups that need attention',
    delete: 'Delete project {{name}}', deleting: 'Project {{name}} is being deleted', deleteText: 'Everything in the project is deleted with it: its clusters and their data, its backups, restores and secrets. This cannot be undone.',
  },
  clusters: {
    description: 'etcd clusters of this project. Every new cluster is backed up by itself.', add: 'Add Cluster', emptyTitle: 'No clusters yet', emptyText: 'Create an etcd cluster here, or connect one that runs elsewhere. It gets automatic backups at once.',
    state: 'State', members: 'Members', version: 'Version', size: 'Size of the database', sizeOf: '{{size}} of {{quota}}', lastBackup: 'Last good backup', nextBackup: 'Next backup', noBackup: 'none yet', noneScheduled: 'none scheduled', external: 'external', toRestore: 'Follow the restore',
  },
  clusterDialog: {
    title: 'Add Cluster', kind: 'Which cluster?', local: 'A new one, run by Tresor on this machine', external: 'One that runs elsewhere: connect it and back it up', membersHint: 'Three survive the loss of one member, five of two.',
    version: 'Version of etcd', versionHint: 'Such as 3.5; empty: the installed one', versionProblem: 'A version looks like 3.5 or 3.5.9.', quota: 'Limit of the database in GiB', quotaHint: 'Empty: etcd’s own, 2 GiB', quotaProblem: 'A whole number of GiB.',
    defaults: 'Certificates are made for it, and automatic backups begin by themselves.', externalText: 'Tresor does not run this cluster: it can be backed up, and its backups can be restored into a cluster that Tresor runs.',
    endpoints: 'Client URLs of the members', endpointsHint: 'One a line', badEndpoint: '{{endpoint}} is no URL of a member: https://host:2379', ca: 'Certificate of the authority (PEM)', certificate: 'Client certificate (PEM)', key: 'Key of the client certificate (PEM)',
    user: 'etcd user', try: 'Test the connection', trying: 'Testing …', tryFirst: 'The connection has to be tested before it is saved.', reached_one: 'Connected: {{count}} member', reached_other: 'Connected: {{count}} members', notReached: 'No healthy member answers',
    connect: 'Connect', made: 'Cluster {{name}} is being created', connected: 'Cluster {{name}} is connected',
  },
  cluster: {
    facts: 'Cluster', health: 'Health', healthy: 'healthy', unhealthy: 'not healthy', alarm: 'Alarm: {{alarms}}', leader: 'leader', learner: 'learner', lag: 'Lag', lagOf_one: '{{number}} entry', lagOf_other: '{{number}} entries', fragmentation: 'Fragmentation', membersLabel: 'Members', noMembers: 'No member has been seen yet',
    readyOf: '{{ready}} healthy', runtime: 'Run by', runtimeLocal: 'Tresor, on its machine', runtimeExternal: 'somebody else; backed up only', etcdId: 'Cluster id of etcd',
    backups: 'Backups over time', allBackups: 'All backups', noBackups: 'There is no backup of this cluster yet.', noConfigs: 'Nothing backs this cluster up by itself.', newest: 'The newest', timeline_one: 'Timeline of {{count}} backup, {{good}} proven, {{failed}} failed', timeline_other: 'Timeline of {{count}} backups, {{good}} proven, {{failed}} failed',
    phaseText: {
      Creating: 'It is being started: {{ready}} of its members are healthy so far.', Degraded: 'It serves its clients, but needs attention: {{ready}} of its members are healthy.', Unreachable: 'Too few of its members answer ({{ready}}): it can be neither read nor written, and is not backed up.',
    },
    externalPhase: { Creating: 'It has not answered yet.', Degraded: 'It serves its clients, but not all of its members are healthy.', Unreachable: 'It does not answer. As long as that is so it is not backed up.' },
    alarmNoSpace: 'The database has reached its limit, and etcd takes no more writes. Compact and defragment it, or raise the limit; then disarm the alarm: etcdctl alarm disarm.', alarmCorrupt: 'etcd has found that a member’s data is not that of the others. Do not write to it, and restore from a backup that was taken before.',
    pause: 'Pause', resume: 'Resume', paused: 'The cluster is paused', resumed: 'The cluster is no longer paused', pausedText: 'The cluster is paused: nothing is changed, repaired or backed up.',
    access: 'Access by etcdctl', accessText: 'A client certificate with all rights in this etcd. Keep its key to yourself.', showAccess: 'Show', hideAccess: 'Hide', accessCli: 'The same on the command line:',
    deleteTitle: 'Delete cluster {{name}}', deleting: 'Cluster {{name}} is being deleted', deleteLocal: 'Its members are stopped and their data is removed. This cannot be undone.', deleteExternal: 'Tresor forgets this cluster and backs it up no more. The cluster itself runs on.',
    deleteBackups_one: 'Its {{count}} completed backup stays, and can be restored into another cluster.', deleteBackups_other: 'Its {{count}} completed backups stay, and can be restored into another cluster.', deletePolicy: 'Except those of these automatic backups, which are set to delete theirs: {{names}}.',
  },
  charts: {
    title: 'Over time', from: 'Measured at each completed backup.', size: 'Size of the database', stored: 'Newly stored', duration: 'Duration of a backup', tooFew: 'Shown as soon as there are two backups.', most: 'at most {{value}}',
    summary: '{{title}}: {{count}} values, first {{first}}, last {{last}}, at most {{most}}',
  },
  config: {
    description: 'Each one backs up one cluster by itself: when, how many are kept, and where.', add: 'Add', addTitle: 'Add Automatic Backup', editTitle: 'Edit {{name}}', added: 'Automatic backup {{name}} was added', saved: 'Automatic backup {{name}} was saved',
    emptyTitle: 'No automatic backups', emptyText: 'Nothing in this project is backed up by itself. Add an automatic backup.', emptyNoClusters: 'Every new cluster gets automatic backups by itself. Add a cluster first.', toClusters: 'To the clusters',
    cluster: 'Cluster', noCluster: 'There is no cluster in this project yet.', health: 'Health', schedule: 'Schedule', once: 'once, at once', keep: 'Backups to keep', keepShort: 'Kept', keepOf: '{{completed}} of {{keep}}', keepHint: '1 to 1000', keepNumber: 'A whole number.',
    presets: {
      daily: { name: 'Daily', text: 'every day at 22:00, kept for a week' }, weekly: { name: 'Weekly', text: 'every Monday at 22:00, kept for four weeks' },
      monthly: { name: 'Monthly', text: 'on the 1st at 22:00, kept for three months' }, custom: { name: 'Custom', text: 'an interval or a cron schedule of your own' },
    },
    cron: 'Interval or cron', cronHint: 'Such as @every 20m, @hourly, or 30 2 * * MON-FRI', timeZone: 'Time zone', nextRuns: 'Next runs', noRuns: 'None: the schedule cannot be read.', zoneNote: 'Times in {{zone}}.',
    destination: 'Destination', defaultDestination: 'The default one', default: 'default', noDestination: 'There is no destination yet: set one up',
    policy: 'When this automatic backup is deleted', retain: 'keep its backups', deleteToo: 'delete its backups as well', policyHint: 'Backups that stay can be restored and deleted one by one.',
    lastGood: 'Last good backup', nextRun: 'Next run', lastSkipped: 'Last skipped', failures: 'Failures since then', facts: 'Automatic backup', itsBackups: 'Backups of {{name}}', noBackupsTitle: 'No backup yet', noBackupsText: 'It appears here as soon as the first run begins.',
    blocked: 'No backups are taken now:', suspend: 'Suspend', resume: 'Resume', suspended: '{{name}} is suspended', resumed: '{{name}} goes on', suspendedText: 'Suspended: no backups are taken until it is resumed. Those that exist stay.', unhealthyText: 'Do not rely on it as it is:',
    deleteTitle: 'Delete automatic backup {{name}}', deleted: 'Automatic backup {{name}} is being deleted', deleteText: 'Cluster {{cluster}} will no longer be backed up by it.',
    deleteKeepsBackups_one: 'Its {{count}} backup stays, and is no longer removed by itself.', deleteKeepsBackups_other: 'Its {{count}} backups stay, and are no longer removed by themselves.',
    deleteWithBackups_one: 'Its {{count}} completed backup is deleted with it. This cannot be undone.', deleteWithBackups_other: 'Its {{count}} completed backups are deleted with it. This cannot be undone.',
  },
  backups: {
    description: 'All backups of this project, those taken by hand included.', now: 'Back up now', started: 'The backup has been requested', emptyTitle: 'No backups yet', emptyText: 'They appear here by themselves as soon as a cluster has automatic backups.', noneLikeThis: 'No backup matches this choice',
    state: 'State', taken: 'Taken', duration: 'Duration', size: 'Size', newlyStored: 'Newly stored', revision: 'Revision', by: 'Made by', byHand: 'by hand', facts: 'Backup', finished: 'Finished', scheduledFor: 'Scheduled for', compacted: 'Compacted at revision', neverCompacted: 'never',
    keys: 'Revisions of keys', etcdVersion: 'Version of etcd', member: 'Read from member', id: 'Id in the repository', storedRecords: '{{bytes}} in {{records}} records', clusterGone: 'deleted',
    pin: 'Pin {{name}}', unpin: 'Unpin {{name}}', pinShort: 'Pin', unpinShort: 'Unpin', pinned: 'Pinned', nowPinned: 'Pinned: it is not removed by itself', unpinned: 'No longer pinned', pinnedText: 'Pinned: this backup is not removed by itself, however old it gets.',
    restore: 'Restore', restoreThis: 'Restore {{name}}', notYet: 'This backup is under way. Nothing is proven yet.', progress: 'Progress of the backup', failedText: 'This backup failed, and nothing can be restored from it.',
    deleteOne: 'Delete backup {{name}}', deleteMany_one: 'Delete {{count}} backup', deleteMany_other: 'Delete {{count}} backups', deleteSelected_one: 'Delete {{count}} selected', deleteSelected_other: 'Delete {{count}} selected', deleteText: 'Its data is removed from the repository. This cannot be undone.',
    deleteProven_one: '{{count}} of them is proven.', deleteProven_other: '{{count}} of them are proven.', deletePinned_one: '{{count}} of them is pinned.', deletePinned_other: '{{count}} of them are pinned.', deleting_one: '{{count}} backup is being deleted', deleting_other: '{{count}} backups are being deleted',
    orphans: 'Backups of deleted clusters', orphansText: 'Their clusters are gone. They can still be restored into another cluster, or into a new one.',
  },
  restoring: {
    title: 'Cluster {{cluster}} is being restored', text: 'Nothing of the cluster can be changed, and its clients cannot reach it, until that is over.', reason: 'Cluster {{cluster}} is being restored: not possible until that is over.',
  },
  restore: {
    title: 'Restore etcd backup for cluster {{cluster}}', submit: 'Restore', fromBackup: 'What comes back', stateOf: 'State of', target: 'Into which cluster?', same: 'The one it was taken from: {{cluster}}', sameGone: 'The one it was taken from: {{cluster}} (does not exist any more)',
    sameExternal: 'The one it was taken from: {{cluster}} (not run by Tresor)', other: 'Another cluster of this project', noOther: 'Another cluster of this project (there is none)', new: 'A new cluster', newName: 'Name of the new cluster',
    lostTitle: 'What will be lost', lostSame: 'Everything that was written since this backup, {{duration}} ago.', lostOther: 'Everything that is in {{cluster}} now.',
    lostRevisions_one: 'That is {{number}} revision; the cluster is at revision {{revision}}.', lostRevisions_other: 'Those are {{number}} revisions; the cluster is at revision {{revision}}.',
    onlyEtcd: 'Only etcd’s state comes back: Kubernetes objects, not the data of applications on their volumes. What was created since then and has no object any more, machines or load balancers for instance, may be left behind.',
    safety: 'Back up the present state first', safetyText: 'So that there is a way back. If the present state cannot be read, the restore says so and goes on.', noSafetyText: 'Without it there is no way back to the present state once the restore is completed.',
    bump: 'Raise the revision', bumpText: 'Revisions go up by a billion and older ones count as compacted, so that controllers and kubelets notice and read everything anew.', noBumpText: 'Clients that have seen later revisions may hold on to what is not there any more. Only for a cluster without watchers.',
    what: 'The backup is read and proven whole before anything is touched. Then the cluster stops, is rebuilt and verified. If anything fails, it comes back as it is now.', notProven: 'Not everything about this backup is proven. Look at its evidence first.',
    listDescription: 'Each one brings a cluster back from a backup, or leaves it as it was.', emptyTitle: 'No restores', emptyText: 'To bring a cluster back, choose one of its backups and restore it.',
    backup: 'Backup', state: 'State', started: 'Started', ended: 'Ended', took: 'Took', result: 'Result', resultCompleted: 'verified: the cluster has the backup’s data', pageTitle: 'Restore of {{cluster}}', facts: 'Restore', timeout: 'Time limit', progress: 'Progress', bytes: '{{done}} of {{total}}', noBytes: 'No data is being moved right now.',
    steps: 'Steps', stepDone: 'done', stepRuns: 'under way', stepAhead: 'not yet', stepFailed: 'failed',
    stepNames: {
      Preflight: 'Read the backup and prove it whole', SafetyBackup: 'Back up the present state', Pausing: 'Pause the cluster', StoppingMembers: 'Stop the members and set their data aside', Rebuilding: 'Rebuild each member from the backup', StartingMembers: 'Start the members, closed to clients',
      Verifying: 'Compare all members with the backup', Opening: 'Open the client ports', RemovingOldData: 'Remove the old data', Releasing: 'Release the cluster', RollingBack: 'Stop, and bring the old data back', Returning: 'Start the members as they were',
    },
    failedAt: 'It failed here: {{step}}.', completedTitle: 'Completed', completedText: 'Cluster {{cluster}} serves the data of the backup; all members were compared with it.', toCluster: 'To the cluster', failedTitle: 'Failed', failedText: 'The cluster serves the data that it had before. See the steps and events below for what went wrong, put it right, and restore again.',
    cancelledTitle: 'Cancelled', cancelledText: 'The cluster serves the data that it had before.', runningTitle: 'Under way: {{step}}', rollingBackTitle: 'Rolling back: the old data comes back', notYetPaused: 'The cluster still runs and serves its clients.',
    cancel: 'Cancel restore', cancelTitle: 'Cancel this restore?', cancelText: 'What was done so far is rolled back. The cluster serves its old data again.', cancelling: 'The restore is being cancelled', isCancelled: 'It is being cancelled.', tooLate: 'Too late to cancel: members have been started on the restored data, or it is being rolled back.',
    safetyShort: 'Safety backup', safetyNone: 'none was taken', safetyOff: 'not wanted', bumpShort: 'Revision raised by', bumpOff: 'not raised',
  },
  overview: {
    title: 'Overview of {{project}}', allTitle: 'All clusters', description: 'Clusters that need somebody come first.', needing_one: '{{count}} cluster has no recent good backup.', needing_other: '{{count}} clusters have no recent good backup.', noneNeeding: 'Every cluster has a good backup, and none of its automatic backups needs attention.',
    clusters_one: 'cluster', clusters_other: 'clusters', withoutGood_one: 'without a recent good backup', withoutGood_other: 'without a recent good backup', completed_one: 'completed backup', completed_other: 'completed backups', proven: 'of them proven in every check', byNeed: 'Clusters by need', protection: 'Protection',
    need: { none: 'No good backup', unhealthy: 'Automatic backup needs attention', unproven: 'Newest backup not wholly proven', unscheduled: 'Nothing is scheduled', fine: 'Newest backup is proven' },
    days: 'Backups by day', daysText: 'The last four weeks: ✓ all proven, ~ not wholly proven, ! something failed.', dayText: '{{good}} proven, {{partly}} not wholly proven, {{failed}} failed',
    room: 'Room', roomText: 'All completed backups that are kept.', logical: 'As whole snapshots', stored: 'Newly stored by them',
  },
  activity: {
    description: 'What happened in this project. Events are kept for a while only.', when: 'When', type: 'Kind', object: 'About', kind: 'Object', message: 'What', normal: 'Normal', warning: 'Warning', onlyWarnings: 'Warnings only', events: 'Events', none: 'Nothing has been recorded lately.',
    emptyTitle: 'Nothing happened lately', emptyText: 'Backups, restores and changes of clusters are told here.', noWarnings: 'No warnings', times_one: '{{count}} time', times_other: '{{count}} times',
  },
  destinations: {
    description: 'Where backups lie. Each one is really tried: written, read, listed and deleted.', add: 'Add Destination', edit: 'Edit {{name}}', delete: 'Delete {{name}}', added: 'Destination {{name}} was added', saved: 'Destination {{name}} was saved', deleted: 'Destination {{name}} was deleted', emptyTitle: 'No destinations',
    emptyText: 'Without a destination nothing can be backed up.', location: 'Place', state: 'State', ready: 'Ready', notReady: 'Not ready', unknown: 'Not tried yet', probed: 'Last tried', repositories: 'Repositories', stored: 'Stored', path: 'Directory', pathHint: 'An absolute path on the machine of tresor serve', pathProblem: 'An absolute path without a slash at its end.',
    projects: 'Projects that may use it', projectsHint: 'Names, separated by commas; empty: all', makeDefault: 'Taken when no destination is named', otherDefault: 'Taken when no destination is named (now: {{name}})',
    keyText: 'A new key is made and kept as secret {{secret}}. Without it nobody can ever read the backups: keep a copy elsewhere.', deleteText: 'This is refused as long as backups lie there. Files in it are not touched.',
  },
  settings: {
    description: 'How this server was started. Values are changed by its flags, and hold from its next start.', defaults: 'Automatic backups of new clusters', defaultsText: 'Every new cluster gets these. Changing them changes no existing one.', noDefault: 'none', setBy: 'Set by', limits: 'Limits', limitsText: 'Backups beyond these wait for their turn.',
    parallel: 'Backups at the same time', memory: 'Memory of all running backups', server: 'Server', dataDir: 'Data directory',
  },
  health: {
    description: 'How Tresor itself is, and what waits.', ready: 'The server is ready.', notReady: 'The server is not ready:', server: 'Server', version: 'Version of Tresor', since: 'Runs for', page: 'This page', connection: { connecting: 'Connecting', live: 'Live', broken: 'Not live' }, metrics: 'Metrics',
    queue: 'Queue of backups', queueText: '{{running}} of at most {{limit}} running, {{waiting}} waiting.', queueEmpty: 'No backup is running or waiting.', restores: 'Restores under way', noRestores: 'None.', clusters: 'Clusters in trouble', noTrouble_one: 'None of {{count}} cluster.', noTrouble_other: 'None of {{count}} clusters.',
  },
};

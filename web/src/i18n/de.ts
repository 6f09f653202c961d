// SPDX-License-Identifier: Apache-2.0
// Jedes Wort der Seite auf Deutsch, mit den Begriffen, die Kubernetes-Leute benutzen.
import type { Catalogue } from '.';

export const de: Catalogue = {
  common: {
    name: 'Name', created: 'Erstellt', all: 'Alle', loading: 'Wird geladen …', cancel: 'Abbrechen', create: 'Erstellen', delete: 'Löschen', edit: 'Bearbeiten', save: 'Speichern',
    copy: 'Kopieren', copied: 'Kopiert', tryAgain: 'Erneut versuchen', working: 'Läuft …', typeName: 'Zur Bestätigung den Namen eingeben: {{name}}',
  },
  frame: {
    skip: 'Zum Inhalt springen', menu: 'Navigation', home: 'Tresor: zur Startseite', navigation: 'Navigation', projectIs: '{{name}}', chooseProject: 'Projekt wählen',
    allProjects: 'Alle Projekte …', user: 'Angemeldet als {{name}}', logOut: 'Abmelden', scheme: 'Hell oder dunkel',
    schemes: { system: 'Wie das System', light: 'Hell', dark: 'Dunkel' },
  },
  nav: {
    overview: 'Übersicht', clusters: 'Cluster', etcdBackups: 'Etcd-Backups', automaticBackups: 'Automatische Backups', backups: 'Backups', restores: 'Wiederherstellungen', activity: 'Aktivität',
    everywhere: 'Alle Projekte', projects: 'Projekte', allClusters: 'Alle Cluster', admin: 'Administration', destinations: 'Backup-Ziele', settings: 'Einstellungen', health: 'Zustand',
  },
  live: {
    broken: 'Nicht live: Die Verbindung zum Server ist unterbrochen. Die Anzeige ist möglicherweise veraltet. Verbindung wird wiederhergestellt …', retry: 'Jetzt verbinden',
  },
  login: {
    title: 'Anmelden', user: 'Benutzer', password: 'Passwort', submit: 'Anmelden', busy: 'Anmeldung läuft …', wrong: 'Benutzer oder Passwort ist falsch.', other: 'Als jemand anderes anmelden',
    hint: 'Der erste Start von tresor serve gibt das Passwort von admin aus, ein einziges Mal.',
    endedTitle: 'Ihre Sitzung ist beendet', endedText: 'Melden Sie sich erneut an, um dort weiterzumachen, wo Sie waren. Sitzungen enden nach zwölf Stunden und bei einem Neustart des Servers.',
  },
  names: {
    required: 'Ein Name ist nötig.', tooLong: 'Das ist zu lang.', characters: 'Nur Kleinbuchstaben, Ziffern und Bindestriche, am Anfang und Ende ein Buchstabe oder eine Ziffer.', taken: 'Diesen Namen gibt es schon.',
    hint: 'Kleinbuchstaben, Ziffern und Bindestriche',
  },
  errors: {
    unexpected: 'Das hat nicht geklappt', unreachable: 'Der Server ist nicht erreichbar', unreachableText: 'Die Seite versucht es alle paar Sekunden erneut.', unauthorized: 'Ihre Sitzung ist beendet.',
    forbidden: 'Dazu fehlt Ihnen die Berechtigung.', notFound: 'Das gibt es nicht (mehr).', conflict: 'Das ist im Moment nicht möglich.', tooMany: 'Zu viele Anfragen. Versuchen Sie es gleich noch einmal.',
    unavailable: 'Der Server ist nicht bereit. Versuchen Sie es gleich noch einmal.', full: 'Der Speicherplatz ist erschöpft.', alreadyExists: 'Diesen Namen gibt es schon.', invalid: 'Der Server nimmt das so nicht an.',
    clusterRestoring: 'Der Cluster wird gerade wiederhergestellt. Bis dahin lässt sich nichts an ihm ändern.', restoreActive: 'Eine andere Wiederherstellung dieses Clusters läuft noch.', backupInUse: 'Eine Wiederherstellung benutzt dieses Backup.',
    destinationInUse: 'Dort liegen Backups oder sollen dort abgelegt werden.', gone: 'Nicht vorhanden', goneText: 'Es wurde gelöscht, oder es gab in diesem Projekt nie etwas mit diesem Namen.', noPage: 'Diese Seite gibt es nicht',
  },
  table: {
    search: 'Suchen', searchIn: 'In {{what}} suchen', someOf: '{{shown}} von {{all}}', count_one: '{{number}} Eintrag', count_other: '{{number}} Einträge', nothingFound: 'Nichts passt zu „{{search}}“.',
    select: '{{name}} auswählen', selectAll: 'Alle auswählen', actions: 'Aktionen',
  },
  clusterPhase: { Creating: 'Wird erstellt', Running: 'Läuft', Degraded: 'Eingeschränkt', Unreachable: 'Nicht erreichbar', Paused: 'Pausiert', Restoring: 'Wird wiederhergestellt', Deleting: 'Wird gelöscht' },
  backupPhase: { Pending: 'Wartet', Running: 'Läuft', Verifying: 'Wird geprüft', Completed: 'Abgeschlossen', Failed: 'Fehlgeschlagen', Deleting: 'Wird gelöscht' },
  restorePhase: {
    Pending: 'Wartet', Preflight: 'Backup wird geprüft', SafetyBackup: 'Sicherheits-Backup', Pausing: 'Cluster wird pausiert', StoppingMembers: 'Member werden gestoppt', Rebuilding: 'Daten werden neu aufgebaut',
    StartingMembers: 'Member werden gestartet', Verifying: 'Wird überprüft', Completed: 'Abgeschlossen', RollingBack: 'Wird zurückgerollt', Failed: 'Fehlgeschlagen', Cancelled: 'Abgebrochen',
  },
  configHealth: { healthy: 'Gute Backups vorhanden', unhealthy: 'Braucht Aufmerksamkeit', suspended: 'Ausgesetzt', waiting: 'Noch kein Backup', deleting: 'Wird gelöscht' },
  proof: {
    label: 'Nachweis', title: 'Nachweise', proven_one: 'Bewiesen: {{count}} Prüfung', proven_other: 'Bewiesen: {{count}} Prüfungen', partly: '{{passed}} von {{all}} Prüfungen bewiesen', refuted_one: '{{count}} Prüfung fehlgeschlagen', refuted_other: '{{count}} Prüfungen fehlgeschlagen',
    none: 'Kein Nachweis', noneYet: 'Es wurde noch nichts geprüft.',
    state: {
      proven: 'Jede Prüfung wurde zum angegebenen Zeitpunkt bestanden.', partly: 'Einiges ließ sich nicht prüfen. Dort steht, warum.', refuted: 'Mindestens eine Prüfung ist fehlgeschlagen: Verlassen Sie sich nicht auf dieses Backup.',
      none: 'Solange das Backup nicht abgeschlossen ist, ist nichts bewiesen.',
    },
    result: { Passed: 'Bestanden', Skipped: 'Nicht geprüft', Failed: 'Fehlgeschlagen' },
    checks: {
      trailer: 'Vollständigkeit des Datenstroms (SHA-256)', sha256: 'Vollständigkeit des Datenstroms (SHA-256)', structure: 'Aufbau der Datenbank', hashKV: 'Prüfsumme von etcd selbst (HashKV)', hashkv: 'Prüfsumme von etcd selbst (HashKV)',
      readBack: 'Lesen des Gespeicherten', 'read-back': 'Lesen des Gespeicherten', lineage: 'Anschluss an frühere Backups', member: 'Vergleich mit Member {{id}}',
    },
  },
  projects: {
    description: 'Zu einem Projekt gehören Cluster, ihre Backups und Wiederherstellungen. Es ist ein Kubernetes-Namespace.', add: 'Projekt hinzufügen', added: 'Projekt {{name}} wurde erstellt', emptyTitle: 'Noch keine Projekte',
    emptyText: 'Erstellen Sie zuerst ein Projekt. Cluster, Backups und Wiederherstellungen gehören dazu.', clusters_one: '{{count}} Cluster', clusters_other: '{{count}} Cluster', unhealthy: 'Automatische Backups, die Aufmerksamkeit brauchen',
    delete: 'Projekt {{name}} löschen', deleting: 'Projekt {{name}} wird gelöscht', deleteText: 'Mit dem Projekt wird alles darin gelöscht: seine Cluster mit ihren Daten, seine Backups, Wiederherstellungen und Secrets. Das lässt sich nicht rückgängig machen.',
  },
  clusters: {
    description: 'etcd-Cluster dieses Projekts. Jeder neue Cluster wird von selbst gesichert.', add: 'Cluster hinzufügen', emptyTitle: 'Noch keine Cluster', emptyText: 'Erstellen Sie hier einen etcd-Cluster, oder verbinden Sie einen, der anderswo läuft. Er bekommt sofort automatische Backups.',
    state: 'Zustand', members: 'Member', version: 'Version', size: 'Größe der Datenbank', sizeOf: '{{size}} von {{quota}}', lastBackup: 'Letztes gutes Backup', nextBackup: 'Nächstes Backup', noBackup: 'noch keines', noneScheduled: 'keines geplant', external: 'extern', toRestore: 'Zur Wiederherstellung',
  },
  clusterDialog: {
    title: 'Cluster hinzufügen', kind: 'Welcher Cluster?', local: 'Ein neuer, den Tresor auf dieser Maschine betreibt', external: 'Einer, der anderswo läuft: verbinden und sichern', membersHint: 'Drei überstehen den Ausfall eines Members, fünf den von zweien.',
    version: 'Version von etcd', versionHint: 'Zum Beispiel 3.5; leer: die installierte', versionProblem: 'Eine Version sieht so aus: 3.5 oder 3.5.9.', quota: 'Grenze der Datenbank in GiB', quotaHint: 'Leer: die von etcd selbst, 2 GiB', quotaProblem: 'Eine ganze Zahl von GiB.',
    defaults: 'Zertifikate werden dafür ausgestellt, und automatische Backups beginnen von selbst.', externalText: 'Tresor betreibt diesen Cluster nicht: Er kann gesichert werden, und seine Backups lassen sich in einen Cluster zurückspielen, den Tresor betreibt.',
    endpoints: 'Client-URLs der Member', endpointsHint: 'Eine pro Zeile', badEndpoint: '{{endpoint}} ist keine URL eines Members: https://host:2379', ca: 'Zertifikat der Zertifizierungsstelle (PEM)', certificate: 'Client-Zertifikat (PEM)', key: 'Schlüssel des Client-Zertifikats (PEM)',
    user: 'etcd-Benutzer', try: 'Verbindung testen', trying: 'Wird getestet …', tryFirst: 'Die Verbindung muss vor dem Speichern getestet werden.', reached_one: 'Verbunden: {{count}} Member', reached_other: 'Verbunden: {{count}} Member', notReached: 'Kein gesunder Member antwortet',
    connect: 'Verbinden', made: 'Cluster {{name}} wird erstellt', connected: 'Cluster {{name}} ist verbunden',
  },
  cluster: {
    facts: 'Cluster', health: 'Zustand', healthy: 'gesund', unhealthy: 'nicht gesund', alarm: 'Alarm: {{alarms}}', leader: 'Leader', learner: 'Learner', lag: 'Rückstand', lagOf_one: '{{number}} Eintrag', lagOf_other: '{{number}} Einträge', fragmentation: 'Fragmentierung', membersLabel: 'Member', noMembers: 'Noch wurde kein Member gesehen',
    readyOf: '{{ready}} gesund', runtime: 'Betrieben von', runtimeLocal: 'Tresor, auf seiner Maschine', runtimeExternal: 'jemand anderem; wird nur gesichert', etcdId: 'Cluster-ID von etcd',
    backups: 'Backups im Zeitverlauf', allBackups: 'Alle Backups', noBackups: 'Von diesem Cluster gibt es noch kein Backup.', noConfigs: 'Dieser Cluster wird nicht von selbst gesichert.', newest: 'Die neuesten', timeline_one: 'Zeitleiste mit {{count}} Backup, {{good}} bewiesen, {{failed}} fehlgeschlagen', timeline_other: 'Zeitleiste mit {{count}} Backups, {{good}} bewiesen, {{failed}} fehlgeschlagen',
    pause: 'Pausieren', resume: 'Fortsetzen', paused: 'Der Cluster ist pausiert', resumed: 'Der Cluster ist nicht mehr pausiert', pausedText: 'Der Cluster ist pausiert: Nichts wird geändert, repariert oder gesichert.',
    access: 'Zugriff mit etcdctl', accessText: 'Ein Client-Zertifikat mit allen Rechten in diesem etcd. Behalten Sie den Schlüssel für sich.', showAccess: 'Anzeigen', hideAccess: 'Verbergen', accessCli: 'Dasselbe auf der Kommandozeile:',
    deleteTitle: 'Cluster {{name}} löschen', deleting: 'Cluster {{name}} wird gelöscht', deleteLocal: 'Seine Member werden gestoppt und ihre Daten entfernt. Das lässt sich nicht rückgängig machen.', deleteExternal: 'Tresor vergisst diesen Cluster und sichert ihn nicht mehr. Der Cluster selbst läuft weiter.',
    deleteBackups_one: 'Sein {{count}} abgeschlossenes Backup bleibt und lässt sich in einen anderen Cluster zurückspielen.', deleteBackups_other: 'Seine {{count}} abgeschlossenen Backups bleiben und lassen sich in einen anderen Cluster zurückspielen.', deletePolicy: 'Ausgenommen sind die dieser automatischen Backups, die ihre mit löschen sollen: {{names}}.',
  },
  charts: {
    title: 'Im Zeitverlauf', from: 'Gemessen bei jedem abgeschlossenen Backup.', size: 'Größe der Datenbank', stored: 'Neu gespeichert', duration: 'Dauer eines Backups', tooFew: 'Wird gezeigt, sobald es zwei Backups gibt.', most: 'höchstens {{value}}',
    summary: '{{title}}: {{count}} Werte, zuerst {{first}}, zuletzt {{last}}, höchstens {{most}}',
  },
  config: {
    description: 'Jedes sichert einen Cluster von selbst: wann, wie viele behalten werden und wohin.', add: 'Hinzufügen', addTitle: 'Automatisches Backup hinzufügen', editTitle: '{{name}} bearbeiten', added: 'Automatisches Backup {{name}} wurde hinzugefügt', saved: 'Automatisches Backup {{name}} wurde gespeichert',
    emptyTitle: 'Keine automatischen Backups', emptyText: 'In diesem Projekt wird nichts von selbst gesichert. Fügen Sie ein automatisches Backup hinzu.', emptyNoClusters: 'Jeder neue Cluster bekommt von selbst automatische Backups. Fügen Sie zuerst einen Cluster hinzu.', toClusters: 'Zu den Clustern',
    cluster: 'Cluster', noCluster: 'In diesem Projekt gibt es noch keinen Cluster.', health: 'Zustand', schedule: 'Zeitplan', once: 'einmal, sofort', keep: 'Anzahl behaltener Backups', keepShort: 'Behalten', keepOf: '{{completed}} von {{keep}}', keepHint: '1 bis 1000', keepNumber: 'Eine ganze Zahl.',
    presets: {
      daily: { name: 'Täglich', text: 'jeden Tag um 22:00 Uhr, eine Woche lang behalten' }, weekly: { name: 'Wöchentlich', text: 'jeden Montag um 22:00 Uhr, vier Wochen lang behalten' },
      monthly: { name: 'Monatlich', text: 'am 1. um 22:00 Uhr, drei Monate lang behalten' }, custom: { name: 'Eigener Zeitplan', text: 'ein Intervall oder ein Cron-Ausdruck' },
    },
    cron: 'Intervall oder Cron-Ausdruck', cronHint: 'Zum Beispiel @every 20m, @hourly oder 30 2 * * MON-FRI', timeZone: 'Zeitzone', nextRuns: 'Nächste Läufe', noRuns: 'Keine: Der Zeitplan ist nicht lesbar.', zoneNote: 'Zeiten in {{zone}}.',
    destination: 'Backup-Ziel', defaultDestination: 'Das Standardziel', default: 'Standard', noDestination: 'Es gibt noch kein Backup-Ziel: jetzt einrichten',
    policy: 'Wenn dieses automatische Backup gelöscht wird', retain: 'seine Backups behalten', deleteToo: 'seine Backups mit löschen', policyHint: 'Backups, die bleiben, lassen sich einzeln wiederherstellen und löschen.',
    lastGood: 'Letztes gutes Backup', nextRun: 'Nächster Lauf', lastSkipped: 'Zuletzt ausgelassen', failures: 'Fehlschläge seither', facts: 'Automatisches Backup', itsBackups: 'Backups von {{name}}', noBackupsTitle: 'Noch kein Backup', noBackupsText: 'Es erscheint hier, sobald der erste Lauf beginnt.',
    suspend: 'Aussetzen', resume: 'Fortsetzen', suspended: '{{name}} ist ausgesetzt', resumed: '{{name}} läuft weiter', suspendedText: 'Ausgesetzt: Bis zur Fortsetzung entstehen keine Backups. Vorhandene bleiben.', unhealthyText: 'So ist darauf kein Verlass:',
    deleteTitle: 'Automatisches Backup {{name}} löschen', deleted: 'Automatisches Backup {{name}} wird gelöscht', deleteText: 'Cluster {{cluster}} wird dadurch nicht mehr gesichert.',
    deleteKeepsBackups_one: 'Sein {{count}} Backup bleibt und wird nicht mehr von selbst entfernt.', deleteKeepsBackups_other: 'Seine {{count}} Backups bleiben und werden nicht mehr von selbst entfernt.',
    deleteWithBackups_one: 'Sein {{count}} abgeschlossenes Backup wird mit gelöscht. Das lässt sich nicht rückgängig machen.', deleteWithBackups_other: 'Seine {{count}} abgeschlossenen Backups werden mit gelöscht. Das lässt sich nicht rückgängig machen.',
  },
  backups: {
    description: 'Alle Backups dieses Projekts, auch die von Hand gemachten.', now: 'Jetzt sichern', started: 'Das Backup ist angefordert', emptyTitle: 'Noch keine Backups', emptyText: 'Sie erscheinen hier von selbst, sobald ein Cluster automatische Backups hat.', noneLikeThis: 'Kein Backup passt zu dieser Auswahl',
    state: 'Zustand', taken: 'Gemacht', duration: 'Dauer', size: 'Größe', newlyStored: 'Neu gespeichert', revision: 'Revision', by: 'Gemacht durch', byHand: 'von Hand', facts: 'Backup', finished: 'Fertig', scheduledFor: 'Geplant für', compacted: 'Kompaktiert bei Revision', neverCompacted: 'nie',
    keys: 'Revisionen von Schlüsseln', etcdVersion: 'Version von etcd', member: 'Gelesen von Member', id: 'ID im Repository', storedRecords: '{{bytes}} in {{records}} Datensätzen', clusterGone: 'gelöscht',
    pin: '{{name}} anheften', unpin: '{{name}} nicht mehr anheften', pinShort: 'Anheften', unpinShort: 'Nicht mehr anheften', pinned: 'Angeheftet', nowPinned: 'Angeheftet: Es wird nicht von selbst entfernt', unpinned: 'Nicht mehr angeheftet', pinnedText: 'Angeheftet: Dieses Backup wird nicht von selbst entfernt, wie alt es auch wird.',
    restore: 'Wiederherstellen', restoreThis: '{{name}} wiederherstellen', notYet: 'Dieses Backup läuft noch. Bewiesen ist noch nichts.', progress: 'Fortschritt des Backups', failedText: 'Dieses Backup ist fehlgeschlagen, daraus lässt sich nichts wiederherstellen.',
    deleteOne: 'Backup {{name}} löschen', deleteMany_one: '{{count}} Backup löschen', deleteMany_other: '{{count}} Backups löschen', deleteSelected_one: '{{count}} ausgewähltes löschen', deleteSelected_other: '{{count}} ausgewählte löschen', deleteText: 'Die Daten werden aus dem Repository entfernt. Das lässt sich nicht rückgängig machen.',
    deleteProven_one: '{{count}} davon ist bewiesen.', deleteProven_other: '{{count}} davon sind bewiesen.', deletePinned_one: '{{count}} davon ist angeheftet.', deletePinned_other: '{{count}} davon sind angeheftet.', deleting_one: '{{count}} Backup wird gelöscht', deleting_other: '{{count}} Backups werden gelöscht',
    orphans: 'Backups gelöschter Cluster', orphansText: 'Ihre Cluster gibt es nicht mehr. Sie lassen sich weiterhin in einen anderen oder einen neuen Cluster zurückspielen.',
  },
  restoring: {
    title: 'Cluster {{cluster}} wird wiederhergestellt', text: 'Bis dahin lässt sich nichts am Cluster ändern, und seine Clients erreichen ihn nicht.', reason: 'Cluster {{cluster}} wird gerade wiederhergestellt: bis dahin nicht möglich.',
  },
  restore: {
    title: 'etcd-Backup für Cluster {{cluster}} wiederherstellen', submit: 'Wiederherstellen', fromBackup: 'Was zurückkommt', stateOf: 'Stand von', target: 'In welchen Cluster?', same: 'In den, von dem es stammt: {{cluster}}', sameGone: 'In den, von dem es stammt: {{cluster}} (gibt es nicht mehr)',
    sameExternal: 'In den, von dem es stammt: {{cluster}} (nicht von Tresor betrieben)', other: 'In einen anderen Cluster dieses Projekts', noOther: 'In einen anderen Cluster dieses Projekts (es gibt keinen)', new: 'In einen neuen Cluster', newName: 'Name des neuen Clusters',
    lostTitle: 'Was verloren geht', lostSame: 'Alles, was seit diesem Backup vor {{duration}} geschrieben wurde.', lostOther: 'Alles, was jetzt in {{cluster}} ist.',
    lostRevisions_one: 'Das ist {{number}} Revision; der Cluster steht bei Revision {{revision}}.', lostRevisions_other: 'Das sind {{number}} Revisionen; der Cluster steht bei Revision {{revision}}.',
    onlyEtcd: 'Nur der Stand von etcd kommt zurück: Kubernetes-Objekte, nicht die Daten von Anwendungen auf ihren Volumes. Was seither angelegt wurde und dann kein Objekt mehr hat, etwa Maschinen oder Load Balancer, kann übrig bleiben.',
    safety: 'Vorher den jetzigen Stand sichern', safetyText: 'Damit es einen Weg zurück gibt. Lässt sich der jetzige Stand nicht lesen, sagt die Wiederherstellung das und macht weiter.', noSafetyText: 'Ohne das gibt es nach der Wiederherstellung keinen Weg zurück zum jetzigen Stand.',
    bump: 'Revision anheben', bumpText: 'Revisionen steigen um eine Milliarde, und ältere gelten als kompaktiert, damit Controller und Kubelets es merken und alles neu lesen.', noBumpText: 'Clients, die spätere Revisionen gesehen haben, halten womöglich an dem fest, was es nicht mehr gibt. Nur für Cluster ohne Watches.',
    what: 'Das Backup wird vollständig gelesen und bewiesen, bevor etwas angefasst wird. Dann wird der Cluster gestoppt, neu aufgebaut und überprüft. Schlägt etwas fehl, kommt er so zurück, wie er jetzt ist.', notProven: 'An diesem Backup ist nicht alles bewiesen. Sehen Sie sich zuerst seine Nachweise an.',
    listDescription: 'Jede bringt einen Cluster aus einem Backup zurück oder lässt ihn, wie er war.', emptyTitle: 'Keine Wiederherstellungen', emptyText: 'Um einen Cluster zurückzuholen, wählen Sie eines seiner Backups und stellen es wieder her.',
    backup: 'Backup', state: 'Zustand', started: 'Begonnen', ended: 'Beendet', took: 'Dauer', result: 'Ergebnis', resultCompleted: 'überprüft: Der Cluster hat die Daten des Backups', pageTitle: 'Wiederherstellung von {{cluster}}', facts: 'Wiederherstellung', timeout: 'Zeitgrenze', progress: 'Fortschritt', bytes: '{{done}} von {{total}}', noBytes: 'Im Moment werden keine Daten bewegt.',
    steps: 'Schritte', stepDone: 'erledigt', stepRuns: 'läuft', stepAhead: 'noch nicht', stepFailed: 'fehlgeschlagen',
    stepNames: {
      Preflight: 'Das Backup vollständig lesen und beweisen', SafetyBackup: 'Den jetzigen Stand sichern', Pausing: 'Den Cluster pausieren', StoppingMembers: 'Die Member stoppen und ihre Daten beiseitelegen', Rebuilding: 'Jeden Member aus dem Backup neu aufbauen', StartingMembers: 'Die Member starten, für Clients geschlossen',
      Verifying: 'Alle Member mit dem Backup vergleichen', Opening: 'Die Client-Ports öffnen', RemovingOldData: 'Die alten Daten entfernen', Releasing: 'Den Cluster freigeben', RollingBack: 'Stoppen und die alten Daten zurückholen', Returning: 'Die Member starten, wie sie waren',
    },
    completedTitle: 'Abgeschlossen', completedText: 'Cluster {{cluster}} hat die Daten des Backups; alle Member wurden damit verglichen.', toCluster: 'Zum Cluster', failedTitle: 'Fehlgeschlagen', failedText: 'Der Cluster hat die Daten, die er vorher hatte. Schritte und Ereignisse unten zeigen, was schiefging. Beheben Sie es und stellen Sie erneut wieder her.',
    cancelledTitle: 'Abgebrochen', cancelledText: 'Der Cluster hat die Daten, die er vorher hatte.', runningTitle: 'Läuft: {{step}}', rollingBackTitle: 'Wird zurückgerollt: Die alten Daten kommen zurück', notYetPaused: 'Der Cluster läuft noch und bedient seine Clients.',
    cancel: 'Wiederherstellung abbrechen', cancelTitle: 'Diese Wiederherstellung abbrechen?', cancelText: 'Was bisher geschah, wird zurückgerollt. Der Cluster hat dann wieder seine alten Daten.', cancelling: 'Die Wiederherstellung wird abgebrochen', isCancelled: 'Sie wird bereits abgebrochen.', tooLate: 'Zu spät zum Abbrechen: Member wurden auf den wiederhergestellten Daten gestartet, oder es wird bereits zurückgerollt.',
    safetyShort: 'Sicherheits-Backup', safetyNone: 'es wurde keines gemacht', safetyOff: 'nicht gewünscht', bumpShort: 'Revision angehoben um', bumpOff: 'nicht angehoben',
  },
  overview: {
    title: 'Übersicht über {{project}}', allTitle: 'Alle Cluster', description: 'Cluster, um die sich jemand kümmern muss, stehen zuerst.', needing_one: '{{count}} Cluster hat kein aktuelles gutes Backup.', needing_other: '{{count}} Cluster haben kein aktuelles gutes Backup.', noneNeeding: 'Jeder Cluster hat ein gutes Backup, und keines der automatischen Backups braucht Aufmerksamkeit.',
    clusters_one: 'Cluster', clusters_other: 'Cluster', withoutGood_one: 'ohne aktuelles gutes Backup', withoutGood_other: 'ohne aktuelles gutes Backup', completed_one: 'abgeschlossenes Backup', completed_other: 'abgeschlossene Backups', proven: 'davon in jeder Prüfung bewiesen', byNeed: 'Cluster nach Dringlichkeit', protection: 'Schutz',
    need: { none: 'Kein gutes Backup', unhealthy: 'Automatisches Backup braucht Aufmerksamkeit', unproven: 'Neuestes Backup nicht ganz bewiesen', unscheduled: 'Nichts geplant', fine: 'Neuestes Backup ist bewiesen' },
    days: 'Backups nach Tagen', daysText: 'Die letzten vier Wochen: ✓ alle bewiesen, ~ nicht ganz bewiesen, ! etwas schlug fehl.', dayText: '{{good}} bewiesen, {{partly}} nicht ganz bewiesen, {{failed}} fehlgeschlagen',
    room: 'Platz', roomText: 'Alle abgeschlossenen Backups, die behalten werden.', logical: 'Als ganze Snapshots', stored: 'Von ihnen neu gespeichert',
  },
  activity: {
    description: 'Was in diesem Projekt geschah. Ereignisse werden nur eine Weile aufgehoben.', when: 'Wann', type: 'Art', object: 'Worum es geht', kind: 'Objekt', message: 'Was', normal: 'Normal', warning: 'Warnung', onlyWarnings: 'Nur Warnungen', events: 'Ereignisse', none: 'In letzter Zeit wurde nichts aufgezeichnet.',
    emptyTitle: 'In letzter Zeit geschah nichts', emptyText: 'Hier steht, was bei Backups, Wiederherstellungen und Clustern geschieht.', noWarnings: 'Keine Warnungen', times_one: '{{count}}-mal', times_other: '{{count}}-mal',
  },
  destinations: {
    description: 'Wo Backups liegen. Jedes Ziel wird wirklich ausprobiert: schreiben, lesen, auflisten, löschen.', add: 'Backup-Ziel hinzufügen', edit: '{{name}} bearbeiten', delete: '{{name}} löschen', added: 'Backup-Ziel {{name}} wurde hinzugefügt', saved: 'Backup-Ziel {{name}} wurde gespeichert', deleted: 'Backup-Ziel {{name}} wurde gelöscht', emptyTitle: 'Keine Backup-Ziele',
    emptyText: 'Ohne Backup-Ziel lässt sich nichts sichern.', location: 'Ort', state: 'Zustand', ready: 'Bereit', notReady: 'Nicht bereit', unknown: 'Noch nicht ausprobiert', probed: 'Zuletzt ausprobiert', repositories: 'Repositories', stored: 'Gespeichert', path: 'Verzeichnis', pathHint: 'Ein absoluter Pfad auf der Maschine von tresor serve', pathProblem: 'Ein absoluter Pfad ohne Schrägstrich am Ende.',
    projects: 'Projekte, die es benutzen dürfen', projectsHint: 'Namen, durch Kommas getrennt; leer: alle', makeDefault: 'Gilt, wenn kein Ziel genannt ist', otherDefault: 'Gilt, wenn kein Ziel genannt ist (jetzt: {{name}})',
    keyText: 'Ein neuer Schlüssel wird erzeugt und als Secret {{secret}} aufbewahrt. Ohne ihn kann niemand die Backups je lesen: Bewahren Sie anderswo eine Kopie auf.', deleteText: 'Das wird abgelehnt, solange dort Backups liegen. Dateien darin werden nicht angefasst.',
  },
  settings: {
    description: 'Wie dieser Server gestartet wurde. Geändert wird es mit seinen Flags, ab seinem nächsten Start.', defaults: 'Automatische Backups neuer Cluster', defaultsText: 'Jeder neue Cluster bekommt diese. Bestehende ändern sich dadurch nicht.', noDefault: 'keine', setBy: 'Festgelegt durch', limits: 'Grenzen', limitsText: 'Backups darüber hinaus warten, bis sie an der Reihe sind.',
    parallel: 'Backups zur selben Zeit', memory: 'Speicher aller laufenden Backups', server: 'Server', dataDir: 'Datenverzeichnis',
  },
  health: {
    description: 'Wie es Tresor selbst geht und was wartet.', ready: 'Der Server ist bereit.', notReady: 'Der Server ist nicht bereit:', server: 'Server', version: 'Version von Tresor', since: 'Läuft seit', page: 'Diese Seite', connection: { connecting: 'Verbindet', live: 'Live', broken: 'Nicht live' }, metrics: 'Metriken',
    queue: 'Warteschlange der Backups', queueText: '{{running}} von höchstens {{limit}} laufen, {{waiting}} warten.', queueEmpty: 'Kein Backup läuft oder wartet.', restores: 'Laufende Wiederherstellungen', noRestores: 'Keine.', clusters: 'Cluster mit Problemen', noTrouble_one: 'Keiner von {{count}} Cluster.', noTrouble_other: 'Keiner von {{count}} Clustern.',
  },
};

// SPDX-License-Identifier: Apache-2.0
// Every word that the server has for something the page can name, found in its sources: none may be without its wording,
// and no wording may be of something that is not said any more.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hintOf } from '../lib/hints';
import { backSteps, restoreSteps } from '../lib/model';
import { sentences, understand, type Sentence } from '../lib/sentences';
import { de } from './de';
import { en } from './en';

const source = (folder: string): string => {
  const root = new URL(`../../../src/${folder}/`, import.meta.url).pathname;
  return readdirSync(root).filter((file) => file.endsWith('.cc') && !file.endsWith('_test.cc')).map((file) => readFileSync(root + file, 'utf8')).join('\n')
    // "one " "literal"
    .replace(/"\s*\n\s*"/g, '');
};
const control = source('control');
const everything = [control, source('backup'), source('repo'), source('runtime/local'), source('objects'), source('api'), source('base')].join('\n');
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1]!);
const sorted = (words: Iterable<string>) => [...new Set(words)].sort();

const stages = all(control, /StageName\{RestoreStage::k\w+, "(\w+)"/g);
const ends = ['Completed', 'Failed', 'Cancelled'];
const unhealthy = [...all(control, /\{false, "(\w+)"/g), ...all(control, /Health\{false, "(\w+)"/g)];
const clusterPhases = Object.keys(en.clusterPhase);

describe('reasons', () => {
  it('of events are all worded', () => {
    const literal = all(control, /\.Record\(\s*context, [^"]*?EventType::k\w+,\s*"(\w+)"/g);
    const calls = all(control, /events\.(Record)\(/g).length;
    const told = [...all(control, /Tell\(context, run, "(\w+)"/g), ...all(control, /Tell\(context, run, k(\w+)Condition/g)];
    // The others: a cluster's phase, why an automatic backup is unhealthy; a restore's stage and what it tells, each for its cluster too.
    expect(calls - literal.length).toBe(6);
    expect(sorted(Object.keys(en.reasons.event))).toEqual(sorted([...literal, ...clusterPhases, ...unhealthy, ...stages, ...told, ...[...ends, ...told].map((one) => `Restore${one}`)]));
  });

  it('why an automatic backup is no good are all worded', () => {
    expect(unhealthy.length).toBeGreaterThan(2);
    expect(sorted(Object.keys(en.reasons.health))).toEqual(sorted(unhealthy));
  });

  it('why no backup is taken are all worded', () => {
    const obstacles = [...all(control, /blocked\("(\w+)"/g), ...all(control, /obstacle = "([A-Z]\w+)"/g), 'InvalidSchedule'];
    expect(sorted(Object.keys(en.reasons.skip))).toEqual(sorted(obstacles));
  });

  it('why a destination is not ready are all worded', () => {
    expect(sorted(Object.keys(en.reasons.ready))).toEqual(sorted(all(control, /"(NotSupported|\w+Failed)"/g).filter((word) => word === 'NotSupported' || word === 'ProbeFailed')));
  });

  it('of the API that stand for something of ours are all worded', () => {
    const refusals = all(control, /Refuse\(\s*request, "(\w+)"/g);
    expect(sorted(Object.keys(en.reasons.refused))).toEqual(sorted([...refusals, 'AlreadyExists', 'Invalid']));
  });
});

describe('steps and checks', () => {
  it('of restores are all named', () => {
    const steps = stages.filter((stage) => stage !== 'Pending' && !ends.includes(stage));
    expect(sorted(Object.keys(en.restore.stepNames))).toEqual(sorted(steps));
    expect(sorted([...restoreSteps, ...backSteps])).toEqual(sorted(steps));
  });

  it('of evidence are all named, with each result that they can have', () => {
    const taken = source('backup');
    const found = [...taken.matchAll(/AddEvidence\(\s*context, result, "([\w-]+) ?"[^;]*?(?:EvidenceResult::k(\w+)|verdict\.result)/g)];
    const results = new Map<string, Set<string>>();
    for (const [, check, result] of found) {
      const of = results.get(check!) ?? new Set<string>();
      for (const one of result ? [result] : ['Passed', 'Unproven', 'Failed']) of.add(one === 'Unproven' ? 'Skipped' : one);
      results.set(check!, of);
    }
    expect(found.length).toBeGreaterThan(5);
    expect(sorted(Object.keys(en.proof.checks))).toEqual(sorted(results.keys()));
    for (const [check, of] of results) expect(sorted(Object.keys((en.proof.means as Record<string, object>)[check]!)), check).toEqual(sorted(of));
  });
});

describe('sentences', () => {
  // Put together from parts, each of which is there.
  const composed: Record<string, string[]> = {
    clusterIs: ['the cluster is '],
    hashKvCompacted: ['{} at revision {} ({})', 'compacted {}'],
    hashKvNever: ['{} at revision {} ({})', 'never compacted'],
    structure: ['{} of {}, {}', 'page', 'bucket', 'record'],
    lineage: ['lineage '],
    readAgain: ['{} new object{}, {} bytes, read again, opened and equal'],
    invalidValue: ['Invalid value: {}: {}'],
    notFound: ['Not found: \\"{}\\": there is no such {}'],
    atMost: ['{} in body {}', 'should be less than {}{}', 'or equal to '],
    atLeast: ['{} in body {}', 'should be greater than {}{}', 'or equal to '],
    notWithin: ['{} is not within {}-{}'],
    notNumber: ['\\"{}\\" is not a {}', 'number'],
    notName: ['\\"{}\\" is not a {}', 'number or name'],
    notStep: ['\\"{}\\" is not a step'],
    backwards: ['the range {} ends before it begins'],
    fiveFields: ['must have five fields (minute, hour, day of month, month, day of week), not {}{}'],
    unknownDescriptor: ['unknown descriptor {}; there are '],
    noSafetyBackup: ['no safety backup: '],
    safetyBackupFailed: ['the safety backup failed: ', ' (spec.safetyBackup: false restores without one)'],
    otherRestore: ['restore \\"', '\\" has the cluster; nothing was touched'],
    waitsForBackups: ['waits for {} running backup{} to end'],
    newestGoodIsOf: ['the newest good backup is of '],
    afterAttempts: [' ({} attempts)'],
    wentOnWithout: ['went on without: '],
    wentOnWithoutSome: ['went on without', ' some of it'],
    wentOnWithoutMembers: ['went on without '],
    stuck: ['stuck: {}{}{}; {}', 'see etcd.log and launcher.log in its folder. It goes on by itself as soon as that is mended; if the data is lost, restore the backup into another cluster and delete this one, which is allowed now'],
    cannotOpen: ['Stuck("members cannot be told to open"'],
    noQuorumOpened: ['Stuck("no quorum has opened"'],
    openedWithOther: ['Stuck("members have opened with other data"'],
    notBackYet: ['Stuck("members are not back on their old data"'],
    verified: ['{} members: {}', 'hash {} at revision {}, compacted at {}'],
    restoreFrom: ['restore \\"{}\\" from backup \\"{}\\"{}{}'],
    restoreFromWhy: ['restore \\"{}\\" from backup \\"{}\\"{}{}'],
    memberUnhealthy: ['member {} is not healthy{}{}'],
    memberUnhealthyWhy: ['member {} is not healthy{}{}'],
    notInTime: ['not done in time: {} did not end before {}{}{}'],
    notInTimeWhy: ['not done in time: {} did not end before {}{}{}'],
  };

  it('are said by the server, word for word', () => {
    for (const [key, said] of Object.entries(sentences)) {
      for (const part of composed[key] ?? [said.replace(/\{\w+\}/g, '{}').replace(/"/g, '\\"')]) expect(everything.includes(part), `${key}: ${part}`).toBe(true);
    }
  });

  it('are worded in both languages, with what stands in them', () => {
    const keys = (words: object) => sorted(Object.keys(words).map((key) => key.replace(/_(one|other)$/, '')));
    expect(keys(en.said)).toEqual(sorted(Object.keys(sentences)));
    for (const words of [en.said, de.said]) {
      for (const [key, text] of Object.entries(words)) {
        const holes = all(sentences[key.replace(/_(one|other)$/, '') as Sentence], /\{(\w+)\}/g);
        for (const hole of all(text, /\{\{(\w+)\}\}/g)) expect(holes, `${key}: ${hole}`).toContain(hole);
      }
    }
  });

  it('are understood, with names and reasons in them', () => {
    expect(understand('member m2 is not healthy: its launcher does not run')).toEqual({ key: 'memberUnhealthyWhy', holes: { member: 'm2', why: 'its launcher does not run' } });
    expect(understand('no backup for 2026-11-21T17:00:00Z: cluster "prod" is paused')).toEqual({ key: 'slotSkipped', holes: { time: '2026-11-21T17:00:00Z', why: 'cluster "prod" is paused' } });
    expect(understand('revision 12, 20480 bytes, 900 new')).toEqual({ key: 'completed', holes: { revision: '12', bytes: '20480', newBytes: '900' } });
    expect(understand('1 new object, 202 bytes, read again, opened and equal')).toEqual({ key: 'readAgain', holes: { objects: '1', bytes: '202' } });
    expect(understand('Invalid value: "61 * * * *": minute: 61 is not within 0-59')).toEqual({ key: 'invalidValue', holes: { value: '"61 * * * *"', why: 'minute: 61 is not within 0-59' } });
    expect(understand('minute: 61 is not within 0-59')).toEqual({ key: 'notWithin', holes: { field: 'minute', number: '61', range: '0-59' } });
    expect(understand('4216 at revision 7 (never compacted)')?.key).toBe('hashKvNever');
    expect(understand('restore "r1" from backup "b1": cancelled')).toEqual({ key: 'restoreFromWhy', holes: { restore: 'r1', backup: 'b1', why: 'cancelled' } });
    expect(understand('restore of "prod" from backup "b1": Pausing')).toEqual({ key: 'restoreStage', holes: { cluster: 'prod', backup: 'b1', stage: 'Pausing' } });
    expect(understand('etcd 10.0.0.1:2379: something new')).toBeUndefined();
  });
});

describe('hints', () => {
  // As `tresor serve` told them of etcd 3.5, gRPC 1.51 and OpenSSL 3.
  it.each([
    ['etcd 127.0.0.1:1: Status: cannot connect: Connection refused', 'refused'],
    ['etcd no-such-host.invalid:2379: Status: cannot connect: the host\'s name is not known (Domain name not found)', 'unknownHost'],
    ['etcd 127.0.0.1:23791: MemberList: cannot connect: Ssl handshake failed: SSL_ERROR_SSL: error:0A000086:SSL routines::certificate verify failed', 'unknownAuthority'],
    ['etcd 127.0.0.1:23793: Authenticate user "root": etcdserver: authentication failed, invalid user ID or password', 'password'],
    ['etcd 127.0.0.1:23793: MemberList: etcdserver: user name is empty', 'userNeeded'],
    ['etcd 127.0.0.1:23791: Status: cannot connect: Endpoint read failed', 'clientCertificate'],
    ['etcd 127.0.0.1:23793: Status: cannot connect: Socket closed', 'tlsOrNot'],
    ['etcd 127.0.0.1:18443: Status: cannot connect: Trying to connect an http1.x server', 'notEtcd'],
    ['the CA certificate is not in PEM form', 'notPem'],
    ['a client certificate and its key go together', 'keyMissing'],
    ['etcd 127.0.0.1:23791: Status: empty address list: ', 'otherKey'],
    ['etcd 10.0.0.1:2379: Status: Deadline Exceeded', 'noAnswer'],
    ['something else', undefined],
  ])('%s', (message, hint) => expect(hintOf(message)).toBe(hint));

  it('are worded', () => expect(sorted(Object.keys(en.hints))).toEqual(sorted(Object.keys(de.hints))));
});

// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { EtcdBackup, EtcdBackupConfig, EtcdCluster, EtcdRestore } from '../api/generated';
import { allows } from '../api/rights';
import { byNeed, configHealth, isGood, nameProblem, nextRun, proofOf, quotaOf, restoreCanCancel } from './model';

const backup = (status: EtcdBackup['status'], deleted = false): EtcdBackup =>
  ({ metadata: { name: 'b', deletionTimestamp: deleted ? '2026-01-01T00:00:00Z' : undefined }, spec: { cluster: { name: 'c' } }, status }) as EtcdBackup;
const evidence = (...results: ('Passed' | 'Skipped' | 'Failed')[]) => results.map((result, i) => ({ check: `c${i}`, result }));
const config = (spec: Partial<EtcdBackupConfig['spec']>, status: EtcdBackupConfig['status'] = {}): EtcdBackupConfig =>
  ({ metadata: { name: 'x' }, spec: { cluster: { name: 'c' }, ...spec }, status }) as EtcdBackupConfig;
const healthy = (status: 'True' | 'False') => [{ type: 'Healthy', status, lastTransitionTime: '2026-01-01T00:00:00Z' }];

describe('proof', () => {
  it('is one only when every check passed', () => {
    expect(proofOf(backup({ evidence: evidence('Passed', 'Passed') })).state).toBe('proven');
    expect(proofOf(backup({ evidence: evidence('Passed', 'Skipped') })).state).toBe('partly');
    expect(proofOf(backup({ evidence: evidence('Passed', 'Skipped', 'Failed') })).state).toBe('refuted');
    expect(proofOf(backup({})).state).toBe('none');
  });
  it('makes a backup good only when it is completed, stays and nothing failed', () => {
    expect(isGood(backup({ phase: 'Completed', evidence: evidence('Passed') }))).toBe(true);
    expect(isGood(backup({ phase: 'Running', evidence: evidence('Passed') }))).toBe(false);
    expect(isGood(backup({ phase: 'Completed', evidence: evidence('Failed') }))).toBe(false);
    expect(isGood(backup({ phase: 'Completed', evidence: evidence('Passed') }, true))).toBe(false);
  });
});

describe('health of an automatic backup', () => {
  it('says that good backups exist only when the server does, and there was one', () => {
    expect(configHealth(config({}, { conditions: healthy('True'), lastSuccessTime: '2026-01-01T00:00:00Z' }))).toBe('healthy');
    expect(configHealth(config({}, { conditions: healthy('True') }))).toBe('waiting');
    expect(configHealth(config({}))).toBe('waiting');
  });
  it('does not hide trouble behind a suspension', () => {
    expect(configHealth(config({ suspend: true }, { conditions: healthy('False') }))).toBe('unhealthy');
    expect(configHealth(config({ suspend: true }, { conditions: healthy('True'), lastSuccessTime: '2026-01-01T00:00:00Z' }))).toBe('suspended');
  });
  it('foretells the first run of those that are not suspended', () => {
    expect(nextRun([config({}, { nextScheduleTime: '2026-01-03T00:00:00Z' }), config({}, { nextScheduleTime: '2026-01-02T00:00:00Z' }), config({ suspend: true }, { nextScheduleTime: '2026-01-01T00:00:00Z' })])).toBe('2026-01-02T00:00:00Z');
    expect(nextRun([])).toBeUndefined();
  });
});

describe('clusters', () => {
  const cluster = (name: string, last?: string) => ({ metadata: { name }, spec: { runtime: 'local' }, status: { lastBackupTime: last } }) as EtcdCluster;
  it('come by need: without a backup first, then the oldest', () => {
    const sorted = byNeed([cluster('new', '2026-01-02T00:00:00Z'), cluster('old', '2026-01-01T00:00:00Z'), cluster('none')]);
    expect(sorted.map((one) => one.metadata.name)).toEqual(['none', 'old', 'new']);
  });
  it('have the limit of etcd, but nobody tells that of an external one', () => {
    expect(quotaOf(cluster('a'))).toBe(2 * 2 ** 30);
    expect(quotaOf({ ...cluster('a'), spec: { runtime: 'external' } } as EtcdCluster)).toBeUndefined();
  });
});

describe('a restore', () => {
  const restore = (phase: string, cancel = false) => ({ spec: { cancel }, status: { phase } }) as EtcdRestore;
  it('can be cancelled until members start on the new data', () => {
    expect(restoreCanCancel(restore('Rebuilding'))).toBe(true);
    expect(restoreCanCancel(restore('StartingMembers'))).toBe(false);
    expect(restoreCanCancel(restore('Completed'))).toBe(false);
    expect(restoreCanCancel(restore('Rebuilding', true))).toBe(false);
  });
});

describe('names', () => {
  it('are those of Kubernetes', () => {
    expect(nameProblem('prod-1')).toBeUndefined();
    expect(nameProblem('')).toBe('required');
    expect(nameProblem('Prod')).toBe('characters');
    expect(nameProblem('-a')).toBe('characters');
    expect(nameProblem('a'.repeat(53))).toBe('tooLong');
  });
});

describe('rights', () => {
  it('are what the API says, stars included', () => {
    const rules = [{ verbs: ['get', 'list'], apiGroups: ['tresor.dev'], resources: ['etcdclusters'] }, { verbs: ['*'], apiGroups: [''], resources: ['*'] }];
    expect(allows(rules, 'list', 'etcdclusters')).toBe(true);
    expect(allows(rules, 'delete', 'etcdclusters')).toBe(false);
    expect(allows(rules, 'list', 'etcdbackups')).toBe(false);
    expect(allows(rules, 'delete', 'namespaces')).toBe(true);
  });
});

// SPDX-License-Identifier: Apache-2.0
// "Restore etcd backup": what comes back, what is lost, what does not come back; then the cluster's name, typed.
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Checkbox from '@mui/material/Checkbox';
import FormControl from '@mui/material/FormControl';
import FormControlLabel from '@mui/material/FormControlLabel';
import FormLabel from '@mui/material/FormLabel';
import MenuItem from '@mui/material/MenuItem';
import Radio from '@mui/material/Radio';
import RadioGroup from '@mui/material/RadioGroup';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { ApiError, createObject } from '../api/client';
import type { EtcdBackup, EtcdCluster, EtcdRestore } from '../api/generated';
import { useLive } from '../api/live';
import { Code, Facts, Link, useNow, When } from '../components/basics';
import { FormDialog, Typed } from '../components/dialogs';
import { ProofStatus } from '../components/status';
import { formatBytes, formatDuration, formatNumber } from '../lib/format';
import { backupTime, clusterFacts, isRestoring, nameProblem, proofOf, timeOf } from '../lib/model';
import { clustersWanted, clusterWanted } from '../lib/wanted';

/** As the API's schema has it for spec.revisionBump. */
const revisionBump = 1_000_000_000;
type Target = 'same' | 'other' | 'new';

export default function RestoreDialog({ project, backup, onClose }: { project: string; backup: EtcdBackup; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const [, navigate] = useLocation();
  const now = useNow();
  const clusters = useLive<EtcdCluster>(clustersWanted(project));
  const source = backup.spec.cluster.name;
  const sourceCluster = clusters.items.find((one) => one.metadata.name === source);
  const sameIsThere = sourceCluster !== undefined && sourceCluster.spec.runtime !== 'external';
  const others = clusters.items.filter((one) => one.metadata.name !== source && one.spec.runtime !== 'external');

  const [wantedTarget, setTarget] = useState<Target>();
  const target: Target = wantedTarget ?? (sameIsThere || !clusters.ready ? 'same' : 'new');
  const [other, setOther] = useState('');
  const [fresh, setFresh] = useState('');
  const [replicas, setReplicas] = useState(3);
  const [safety, setSafety] = useState(true);
  const [bump, setBump] = useState(true);
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  const name = target === 'same' ? source : target === 'other' ? other : fresh;
  const cluster = target === 'new' ? undefined : clusters.items.find((one) => one.metadata.name === name);
  const whole = useLive<EtcdCluster>(cluster ? clusterWanted(project, name) : null).items[0];
  const revision = whole ? clusterFacts(whole).revision : undefined;
  const newProblem = fresh === '' ? undefined : clusters.items.some((one) => one.metadata.name === fresh) ? t('names.taken') : ((found) => found && t(`names.${found}`))(nameProblem(fresh));
  const restoring = isRestoring(cluster);
  const proof = proofOf(backup);
  const from = backupTime(backup);
  const lost = from ? formatDuration(now.getTime() - timeOf(from), i18n.language) : undefined;
  const snapshot = backup.status?.snapshot;
  const isRaised = revision !== undefined && snapshot?.revision !== undefined && revision - snapshot.revision >= revisionBump / 2;
  // The cluster is looked at every few seconds, so there may be more by now. After a restore the revision is a billion higher: that would count what was never written.
  const lostRevisions = target === 'same' && !isRaised && revision !== undefined && snapshot?.revision !== undefined ? revision - snapshot.revision : undefined;

  const submit = async () => {
    setBusy(true);
    setError(undefined);
    try {
      if (target === 'new') {
        try {
          await createObject<EtcdCluster>('etcdclusters', {
            apiVersion: 'tresor.dev/v1', kind: 'EtcdCluster', metadata: { name: fresh, namespace: project },
            spec: { runtime: 'local', replicas } as EtcdCluster['spec'],
          });
        } catch (problem) {
          // It was made by the try before this one.
          if (!(problem instanceof ApiError && problem.reason === 'AlreadyExists' && error !== undefined)) throw problem;
        }
      }
      const made = await createObject<EtcdRestore>('etcdrestores', {
        apiVersion: 'tresor.dev/v1', kind: 'EtcdRestore',
        metadata: { namespace: project, generateName: `${name.slice(0, 50)}-restore-` } as EtcdRestore['metadata'],
        spec: {
          cluster: { name }, backup: { name: backup.metadata.name }, safetyBackup: target === 'new' ? false : safety,
          ...(bump ? {} : { revisionBump: 0, markCompacted: false }),
        } as EtcdRestore['spec'],
      });
      onClose();
      navigate(`/projects/${project}/restores/${made.metadata.name}`);
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };

  const ready = name !== '' && (target !== 'new' || newProblem === undefined) && (target === 'new' || cluster !== undefined) && !restoring && typed === name;
  return (
    <FormDialog
      title={t('restore.title', { cluster: name || '…' })} submitLabel={t('restore.submit')} submitColor="error" disabled={!ready} busy={busy} error={error}
      onSubmit={() => void submit()} onClose={onClose} width="md"
    >
      <Stack spacing={1.25}>
        <Box sx={{ p: 1.5, borderRadius: 2, backgroundColor: 'action.hover' }}>
          <Typography variant="h3" sx={{ mb: 1 }}>{t('restore.fromBackup')}</Typography>
          <Facts
            dense facts={[
              [t('common.name'), <Code>{backup.metadata.name}</Code>],
              [t('restore.stateOf'), <When time={from} also="moment" />],
              [t('backups.size'), formatBytes(snapshot?.dbSize, i18n.language)],
              [t('backups.revision'), snapshot?.revision === undefined ? '–' : formatNumber(snapshot.revision, i18n.language)],
              [t('proof.label'), <ProofStatus backup={backup} brief />],
            ]}
          />
        </Box>
        {proof.state !== 'proven' && <Alert severity="warning">{t('restore.notProven')}</Alert>}

        <FormControl>
          <FormLabel id="target-label">{t('restore.target')}</FormLabel>
          <RadioGroup
            aria-labelledby="target-label" value={target}
            onChange={(event) => {
              setTarget(event.target.value as Target);
              setTyped('');
            }}
          >
            <FormControlLabel value="same" disabled={clusters.ready && !sameIsThere} control={<Radio size="small" />}
              label={sourceCluster?.spec.runtime === 'external' ? t('restore.sameExternal', { cluster: source }) : clusters.ready && !sameIsThere ? t('restore.sameGone', { cluster: source }) : t('restore.same', { cluster: source })} />
            <FormControlLabel value="other" disabled={others.length === 0} control={<Radio size="small" />} label={others.length === 0 ? t('restore.noOther') : t('restore.other')} />
            <FormControlLabel value="new" control={<Radio size="small" />} label={t('restore.new')} />
          </RadioGroup>
        </FormControl>
        {target === 'other' && (
          <TextField select label={t('config.cluster')} value={other} onChange={(event) => {
            setOther(event.target.value);
            setTyped('');
          }}>
            {others.map((one) => <MenuItem key={one.metadata.name} value={one.metadata.name}>{one.metadata.name}</MenuItem>)}
          </TextField>
        )}
        {target === 'new' && (
          <Stack direction={{ xs: 'column', sm: 'row' }} spacing={2}>
            <TextField label={t('restore.newName')} value={fresh} onChange={(event) => setFresh(event.target.value)} error={newProblem !== undefined} helperText={newProblem ?? t('names.hint')} autoComplete="off" sx={{ flex: 2 }} />
            <TextField select label={t('clusters.members')} value={replicas} onChange={(event) => setReplicas(Number(event.target.value))} sx={{ flex: 1 }}>
              {[1, 3, 5, 7].map((number) => <MenuItem key={number} value={number}>{number}</MenuItem>)}
            </TextField>
          </Stack>
        )}
        {restoring && (
          <Alert severity="warning">
            {t('restoring.reason', { cluster: name })} <Link to={`/projects/${project}/restores/${cluster!.status!.activeRestore}`}>{t('clusters.toRestore')}</Link>
          </Alert>
        )}

        {target !== 'new' && name !== '' && (
          <Alert severity="error" icon={false}>
            <Typography variant="h3" sx={{ mb: 0.5 }}>{t('restore.lostTitle')}</Typography>
            {target === 'same' ? t('restore.lostSame', { duration: lost ?? '–' }) : t('restore.lostOther', { cluster: name })}
            {lostRevisions !== undefined && lostRevisions > 0 && ` ${t('restore.lostRevisions', { count: lostRevisions, number: formatNumber(lostRevisions, i18n.language), revision: formatNumber(revision!, i18n.language) })}`}
          </Alert>
        )}
        <Alert severity="info">{t('restore.onlyEtcd')}</Alert>

        <Box sx={{ display: 'grid', gridTemplateColumns: { sm: target === 'new' ? '1fr' : '1fr 1fr' }, gap: 2 }}>
          {target !== 'new' && (
            <div>
              <FormControlLabel control={<Checkbox size="small" checked={safety} onChange={(event) => setSafety(event.target.checked)} slotProps={{ input: { 'aria-describedby': 'safety-text' } }} />} label={t('restore.safety')} />
              <Typography variant="body2" color="text.secondary" id="safety-text" sx={{ ml: 4 }}>{safety ? t('restore.safetyText') : t('restore.noSafetyText')}</Typography>
            </div>
          )}
          <div>
            <FormControlLabel control={<Checkbox size="small" checked={bump} onChange={(event) => setBump(event.target.checked)} slotProps={{ input: { 'aria-describedby': 'bump-text' } }} />} label={t('restore.bump')} />
            <Typography variant="body2" color="text.secondary" id="bump-text" sx={{ ml: 4 }}>{bump ? t('restore.bumpText') : t('restore.noBumpText')}</Typography>
          </div>
        </Box>
        <Typography variant="body2" color="text.secondary">{t('restore.what')}</Typography>
        {name !== '' && <Typed what={name} value={typed} onChange={setTyped} />}
      </Stack>
    </FormDialog>
  );
}

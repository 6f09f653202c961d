// SPDX-License-Identifier: Apache-2.0
// Add or edit an automatic backup. What is typed is judged by the API, which is asked without anything being stored.
import Alert from '@mui/material/Alert';
import Autocomplete from '@mui/material/Autocomplete';
import Box from '@mui/material/Box';
import FormControl from '@mui/material/FormControl';
import FormControlLabel from '@mui/material/FormControlLabel';
import FormHelperText from '@mui/material/FormHelperText';
import FormLabel from '@mui/material/FormLabel';
import MenuItem from '@mui/material/MenuItem';
import Radio from '@mui/material/Radio';
import RadioGroup from '@mui/material/RadioGroup';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, call, createObject, patchObject } from '../api/client';
import type { BackupDestination, EtcdBackupConfig, EtcdCluster } from '../api/generated';
import { useLive } from '../api/live';
import { Link, say } from '../components/basics';
import { FromServer } from '../components/said';
import { FormDialog } from '../components/dialogs';
import { formatMinute } from '../lib/format';
import { isRestoring, nameProblem } from '../lib/model';
import { describeSchedule, presets, type Preset } from '../lib/schedule';
import { useSettled } from '../lib/settled';
import { clustersWanted, configsWanted, destinationsWanted } from '../lib/wanted';
import { useRights } from '../api/rights';

type Choice = Preset | 'custom';
type Edited = EtcdBackupConfig & { metadata: { name: string } };

export default function ConfigDialog({ project, cluster: chosen, edit, onClose }: {
  project: string; cluster?: string; edit?: Edited; onClose: () => void;
}) {
  const { t, i18n } = useTranslation();
  const clusters = useLive<EtcdCluster>(clustersWanted(project));
  const configs = useLive<EtcdBackupConfig>(configsWanted(project));
  const rights = useRights();
  const seesDestinations = rights.can('list', 'backupdestinations');
  const destinations = useLive<BackupDestination>(seesDestinations ? destinationsWanted : null);

  const preset = edit && (Object.keys(presets) as Preset[]).find((one) => presets[one].schedule === edit.spec.schedule && presets[one].keep === edit.spec.keep);
  const [cluster, setCluster] = useState(edit?.spec.cluster.name ?? chosen ?? '');
  const [name, setName] = useState(edit?.metadata.name ?? '');
  const [choice, setChoice] = useState<Choice>(edit ? (preset ?? 'custom') : 'daily');
  const [schedule, setSchedule] = useState(edit?.spec.schedule ?? '@every 1h');
  const [keep, setKeep] = useState(String(edit?.spec.keep ?? 20));
  const [timeZone, setTimeZone] = useState(edit?.spec.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC');
  const [destination, setDestination] = useState(edit?.spec.destination ?? '');
  const [deletionPolicy, setDeletionPolicy] = useState<EtcdBackupConfig['spec']['deletionPolicy']>(edit?.spec.deletionPolicy ?? 'Retain');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  // The only cluster there is needs no choosing.
  useEffect(() => {
    if (cluster === '' && clusters.ready && clusters.items.length === 1) setCluster(clusters.items[0]!.metadata.name);
  }, [clusters, cluster]);

  const zones = useMemo(() => ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')], []);
  const chosenSchedule = choice === 'custom' ? schedule.trim() : presets[choice].schedule;
  const chosenKeep = choice === 'custom' ? Number(keep) : presets[choice].keep;
  const keepIsNumber = choice !== 'custom' || /^\d+$/.test(keep);

  const spec = {
    cluster: { name: cluster }, schedule: chosenSchedule, timeZone, keep: chosenKeep, deletionPolicy,
    // null takes it away in a merge patch; a new object just does not have it.
    ...(destination ? { destination } : edit ? { destination: null } : {}),
  };
  const object = { apiVersion: 'tresor.dev/v1' as const, kind: 'EtcdBackupConfig' as const, metadata: { name, namespace: project }, spec };
  const store = (dryRun: boolean, signal?: AbortSignal) =>
    edit ? patchObject('etcdbackupconfigs', project, edit.metadata.name, { spec }, dryRun, signal) : createObject('etcdbackupconfigs', object, dryRun, signal);

  // What can be said without the server is said at once.
  const taken = !edit && configs.items.some((config) => config.metadata.name === name);
  const found = nameProblem(name);
  const nameText = edit || name === '' ? undefined : taken ? t('names.taken') : found && t(`names.${found}`);
  const complete = cluster !== '' && name !== '' && !found && !taken && keepIsNumber && chosenSchedule !== '';

  const question = useSettled(JSON.stringify(object), 350);
  const trial = useQuery({
    queryKey: ['trial', edit?.metadata.name ?? '', question],
    enabled: complete && question === JSON.stringify(object),
    retry: false, gcTime: 0,
    queryFn: async ({ signal }) => {
      try {
        await store(true, signal);
        return null;
      } catch (problem) {
        if (problem instanceof ApiError && problem.code >= 400 && problem.code < 500 && problem.code !== 401) return problem;
        throw problem;
      }
    },
  });
  const refused = complete ? (trial.data ?? undefined) : undefined;
  const at = (field: string) => {
    const messages = refused?.causes.filter((cause) => cause.field === field) ?? [];
    return messages.length > 0 ? messages.map((cause, i) => <span key={i}>{i > 0 && ' '}<FromServer>{cause.message}</FromServer></span>) : undefined;
  };
  const elsewhere = refused && !refused.causes.some((cause) => ['metadata.name', 'spec.schedule', 'spec.keep', 'spec.timeZone', 'spec.cluster.name', 'spec.destination'].includes(cause.field));

  const settledSchedule = useSettled(chosenSchedule, choice === 'custom' ? 350 : 0);
  const preview = useQuery({
    queryKey: ['runs', settledSchedule, timeZone],
    enabled: settledSchedule !== '',
    retry: false, gcTime: 60_000,
    queryFn: () => call<{ runs: string[] }>(`/page/schedule?schedule=${encodeURIComponent(settledSchedule)}&timeZone=${encodeURIComponent(timeZone)}&count=5`),
  });
  const scheduleProblem = at('spec.schedule') ?? (preview.error instanceof ApiError && preview.error.code === 400 ? <FromServer>{preview.error.message}</FromServer> : undefined);

  const submit = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await store(false);
      say(edit ? t('config.saved', { name }) : t('config.added', { name }));
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  const words = describeSchedule(chosenSchedule, i18n.language);
  const restoring = isRestoring(clusters.items.find((one) => one.metadata.name === cluster));
  const projectDestinations = destinations.items.filter((one) => !one.spec.allowedProjects?.length || one.spec.allowedProjects.includes(project));

  return (
    <FormDialog
      title={edit ? t('config.editTitle', { name: edit.metadata.name }) : t('config.addTitle')} submitLabel={edit ? t('common.save') : t('config.add')}
      disabled={!complete || refused !== undefined || scheduleProblem !== undefined || restoring} busy={busy} error={error} onSubmit={() => void submit()} onClose={onClose}
    >
      <Stack spacing={2.25} sx={{ mt: 0.5 }}>
        {restoring && <Alert severity="warning">{t('restoring.reason', { cluster })}</Alert>}
        {elsewhere && <Alert severity="error"><FromServer>{refused.message}</FromServer></Alert>}
        <TextField
          select label={t('config.cluster')} value={clusters.items.some((one) => one.metadata.name === cluster) ? cluster : ''} disabled={edit !== undefined} autoFocus={!edit}
          onChange={(event) => setCluster(event.target.value)} error={at('spec.cluster.name') !== undefined}
          helperText={at('spec.cluster.name') ?? (clusters.ready && clusters.items.length === 0 ? t('config.noCluster') : undefined)}
        >
          {clusters.items.map((one) => <MenuItem key={one.metadata.name} value={one.metadata.name}>{one.metadata.name}</MenuItem>)}
        </TextField>
        <TextField
          label={t('common.name')} value={name} onChange={(event) => setName(event.target.value)} disabled={edit !== undefined} autoComplete="off"
          error={nameText !== undefined || at('metadata.name') !== undefined} helperText={nameText ?? at('metadata.name') ?? (edit ? undefined : t('names.hint'))}
          slotProps={{ htmlInput: { autoCapitalize: 'none', spellCheck: false } }}
        />
        <FormControl>
          <FormLabel id="schedule-label">{t('config.schedule')}</FormLabel>
          <RadioGroup aria-labelledby="schedule-label" value={choice} onChange={(event) => setChoice(event.target.value as Choice)}>
            {(['daily', 'weekly', 'monthly', 'custom'] as const).map((one) => (
              <FormControlLabel
                key={one} value={one} control={<Radio size="small" />}
                label={<><strong>{t(`config.presets.${one}.name`)}</strong>{' – '}{t(`config.presets.${one}.text`)}</>}
              />
            ))}
          </RadioGroup>
        </FormControl>
        {choice === 'custom' && (
          <Stack direction={{ xs: 'column', sm: 'row' }} spacing={2}>
            <TextField
              label={t('config.cron')} value={schedule} onChange={(event) => setSchedule(event.target.value)} error={scheduleProblem !== undefined}
              helperText={scheduleProblem ?? t('config.cronHint')} sx={{ flex: 2 }} autoComplete="off"
              slotProps={{ htmlInput: { spellCheck: false, autoCapitalize: 'none' } }}
            />
            <TextField
              label={t('config.keep')} value={keep} onChange={(event) => setKeep(event.target.value.trim())} error={!keepIsNumber || at('spec.keep') !== undefined}
              helperText={!keepIsNumber ? t('config.keepNumber') : (at('spec.keep') ?? t('config.keepHint'))} sx={{ flex: 1 }} slotProps={{ htmlInput: { inputMode: 'numeric' } }}
            />
          </Stack>
        )}
        <Autocomplete
          options={zones} value={timeZone} onChange={(_, value) => value && setTimeZone(value)} disableClearable autoHighlight
          renderInput={(parameters) => <TextField {...parameters} label={t('config.timeZone')} error={at('spec.timeZone') !== undefined} helperText={at('spec.timeZone')} />}
        />
        <Box sx={{ p: 1.5, borderRadius: 2, backgroundColor: 'action.hover' }} aria-live="polite">
          <Typography variant="h3">{t('config.nextRuns')}{words ? `: ${words}` : ''}</Typography>
          {preview.data && !scheduleProblem && settledSchedule === chosenSchedule ? (
            <Box component="ol" sx={{ m: 0, mt: 0.75, pl: 2.5, fontVariantNumeric: 'tabular-nums' }}>
              {preview.data.runs.map((run) => <li key={run}><time dateTime={run}>{formatMinute(new Date(run), i18n.language, timeZone)}</time></li>)}
            </Box>
          ) : <Typography variant="body2" color="text.secondary">{scheduleProblem ? t('config.noRuns') : preview.error ? t('errors.unreachable') : t('common.loading')}</Typography>}
          <Typography variant="body2" color="text.secondary" sx={{ mt: 0.75 }}>{t('config.zoneNote', { zone: timeZone })}</Typography>
        </Box>
        {seesDestinations && (
          <TextField
            select label={t('config.destination')} value={destination} onChange={(event) => setDestination(event.target.value)} error={at('spec.destination') !== undefined}
            slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}
            helperText={at('spec.destination') ?? (destinations.ready && destinations.items.length === 0 ? <Link to="/admin/destinations">{t('config.noDestination')}</Link> : undefined)}
          >
            <MenuItem value="">{t('config.defaultDestination')}</MenuItem>
            {projectDestinations.map((one) => <MenuItem key={one.metadata.name} value={one.metadata.name}>{one.metadata.name}</MenuItem>)}
          </TextField>
        )}
        <FormControl>
          <FormLabel id="policy-label">{t('config.policy')}</FormLabel>
          <RadioGroup aria-labelledby="policy-label" value={deletionPolicy} onChange={(event) => setDeletionPolicy(event.target.value as 'Retain' | 'Delete')}>
            <FormControlLabel value="Retain" control={<Radio size="small" />} label={t('config.retain')} />
            <FormControlLabel value="Delete" control={<Radio size="small" />} label={t('config.deleteToo')} />
          </RadioGroup>
          <FormHelperText sx={{ mx: 0 }}>{t('config.policyHint')}</FormHelperText>
        </FormControl>
      </Stack>
    </FormDialog>
  );
}

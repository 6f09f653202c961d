// SPDX-License-Identifier: Apache-2.0
import Box from '@mui/material/Box';
import Typography from '@mui/material/Typography';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Code, CopyButton, ErrorNotice, Facts, Loading, PageHeader, Section } from '../components/basics';
import { ScheduleText } from '../components/ScheduleText';
import { formatBytes } from '../lib/format';
import { fetchSettings } from '../lib/settings';

/** The options that say so now: what to change, and to copy. */
function Options({ options }: { options: [name: string, value: string | number][] }) {
  const { t } = useTranslation();
  const text = options.map(([name, value]) => `${name} ${/^[\w.-]+$/.test(String(value)) ? value : `"${value}"`}`).join(' ');
  return (
    <Box sx={{ mt: 2 }}>
      <Typography variant="body2" color="text.secondary">{t('settings.options')}</Typography>
      <Code>tresor serve … {text}</Code><CopyButton text={text} />
    </Box>
  );
}

export default function Settings() {
  const { t, i18n } = useTranslation();
  const settings = useQuery({ queryKey: ['settings'], queryFn: fetchSettings });
  if (settings.isPending) return <Loading />;
  return (
    <>
      <PageHeader title={t('nav.settings')} description={t('settings.description')} />
      {settings.error ? <ErrorNotice error={settings.error} onRetry={() => void settings.refetch()} /> : (
        <>
          <Section title={t('settings.defaults')} description={t('settings.defaultsText')}>
            <Facts
              facts={[
                [t('config.schedule'), settings.data.defaultSchedule ? <ScheduleText schedule={settings.data.defaultSchedule} timeZone="UTC" /> : t('settings.noDefault')],
                [t('config.keep'), settings.data.defaultKeep],
              ]}
            />
            <Options options={[['--default-schedule', settings.data.defaultSchedule || 'none'], ['--default-keep', settings.data.defaultKeep]]} />
          </Section>
          <Section title={t('settings.limits')} description={t('settings.limitsText')}>
            <Facts
              facts={[
                [t('settings.parallel'), settings.data.maxParallelBackups],
                [t('settings.memory'), formatBytes(settings.data.memoryLimitBytes, i18n.language)],
              ]}
            />
            <Options options={[['--max-parallel-backups', settings.data.maxParallelBackups], ['--memory-limit', formatBytes(settings.data.memoryLimitBytes, 'en').replace(/\s/g, '')]]} />
          </Section>
          <Section title={t('settings.server')}>
            <Facts facts={[[t('health.version'), settings.data.version], [t('settings.dataDir'), <Code>{settings.data.dataDir}</Code>]]} />
          </Section>
        </>
      )}
    </>
  );
}

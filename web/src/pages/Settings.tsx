// SPDX-License-Identifier: Apache-2.0
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Code, ErrorNotice, Facts, Loading, PageHeader, Section } from '../components/basics';
import { ScheduleText } from '../components/ScheduleText';
import { formatBytes } from '../lib/format';
import { fetchSettings } from '../lib/settings';

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
                [t('settings.setBy'), <><Code>--default-schedule</Code> <Code>--default-keep</Code></>],
              ]}
            />
          </Section>
          <Section title={t('settings.limits')} description={t('settings.limitsText')}>
            <Facts
              facts={[
                [t('settings.parallel'), settings.data.maxParallelBackups],
                [t('settings.memory'), formatBytes(settings.data.memoryLimitBytes, i18n.language)],
                [t('settings.setBy'), <><Code>--max-parallel-backups</Code> <Code>--memory-limit</Code></>],
              ]}
            />
          </Section>
          <Section title={t('settings.server')}>
            <Facts facts={[[t('health.version'), settings.data.version], [t('settings.dataDir'), <Code>{settings.data.dataDir}</Code>]]} />
          </Section>
        </>
      )}
    </>
  );
}

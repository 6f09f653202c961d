// SPDX-License-Identifier: Apache-2.0
// A schedule in words, and as it is written below them.
import Typography from '@mui/material/Typography';
import { useTranslation } from 'react-i18next';
import { describeSchedule } from '../lib/schedule';
import { Code } from './basics';

export function ScheduleText({ schedule, timeZone }: { schedule: string | undefined; timeZone: string }) {
  const { t, i18n } = useTranslation();
  if (!schedule) return <>{t('config.once')}</>;
  const words = describeSchedule(schedule, i18n.language);
  // Every twenty minutes is so in all zones.
  const zone = schedule.startsWith('@every') ? '' : ` ${timeZone}`;
  return (
    <>
      {words ?? <Code>{schedule}</Code>}
      <Typography variant="body2" color="text.secondary" component="div">{words ? <Code>{schedule}</Code> : null}{zone}</Typography>
    </>
  );
}

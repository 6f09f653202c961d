// SPDX-License-Identifier: Apache-2.0
// What was proven of a backup, when, and what exactly was found.
import Box from '@mui/material/Box';
import Card from '@mui/material/Card';
import { useTranslation } from 'react-i18next';
import type { EtcdBackupStatus } from '../api/generated';
import { When } from './basics';
import { Detail } from './said';
import { Status } from './status';

type Item = NonNullable<EtcdBackupStatus['evidence']>[number];

export function Evidence({ items }: { items: Item[] }) {
  const { t, i18n } = useTranslation();
  const word = (key: string) => (i18n.exists(`proof.${key}`) ? t(`proof.${key}` as 'proof.none') : undefined);
  return (
    <Box component="ul" sx={{ listStyle: 'none', m: 0, p: 0, display: 'grid', gap: 1 }}>
      {items.map((item) => {
        const member = /^member (.+)$/.exec(item.check)?.[1];
        const check = member ? 'member' : item.check;
        return (
          <Card component="li" key={item.check} sx={{ p: 1.5, display: 'grid', gap: 0.5, alignItems: 'start', gridTemplateColumns: { xs: '1fr', sm: '150px 1fr auto' } }}>
            <Status tone={item.result === 'Passed' ? 'good' : item.result === 'Skipped' ? 'warning' : 'bad'} text={t(`proof.result.${item.result}`)} />
            <Box sx={{ minWidth: 0 }}>
              <strong>{member ? t('proof.checks.member', { id: member }) : (word(`checks.${check}`) ?? item.check)}</strong>
              <Box sx={{ fontSize: '0.875rem' }}>{word(`means.${check}.${item.result}`)}</Box>
              <Box sx={{ color: 'text.secondary' }}><Detail>{item.detail}</Detail></Box>
            </Box>
            <Box sx={{ color: 'text.secondary', fontSize: '0.8125rem' }}><When time={item.time} none="" /></Box>
          </Card>
        );
      })}
    </Box>
  );
}

import { ActionIcon, Menu } from '@mantine/core';
import { IconAlarm, IconCheck, IconDots, IconMailX } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConversationDetail } from '@/api/types';
import { failed, told } from '@/ui/toast';
import { useDeskStep, type Priority } from './desk';
import type { Step } from './queries';
import { TimeDialog } from './time-dialog';
import { laterTimes } from './when';

const priorities: Priority[] = ['danger', 'urgent', 'high', 'normal', 'low'];

/** What is done with a conversation less often: snoozing it, moving it in the queue, filing it as spam. */
export function DeskMenu({ c, onStep }: { c: ConversationDetail; onStep: (s: Step) => void }) {
  const { t } = useTranslation();
  const step = useDeskStep(c.id);
  const [asking, setAsking] = useState(false);
  const snooze = (until: string | null) => step.mutate({ until }, { onSuccess: () => told(t('inbox.snoozed_done'), () => step.mutate('wake')), onError: failed });
  return (
    <>
      <Menu position="bottom-end" width={250} withinPortal>
        <Menu.Target><ActionIcon variant="default" size={34} aria-label={t('inbox.more')} title={t('inbox.more')} loading={step.isPending}><IconDots size={17} aria-hidden /></ActionIcon></Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{t('inbox.snooze')}</Menu.Label>
          {c.desk.snoozed && <Menu.Item leftSection={<IconAlarm size={16} aria-hidden />} onClick={() => step.mutate('wake', { onError: failed })}>{t('inbox.wake')}</Menu.Item>}
          {!c.desk.snoozed && c.state === 'open' && (
            <>
              {laterTimes(new Date()).map((x) => <Menu.Item key={x.name} onClick={() => snooze(x.at.toISOString())}>{t(`inbox.later.${x.name}`)}</Menu.Item>)}
              <Menu.Item onClick={() => snooze(null)}>{t('inbox.until_written')}</Menu.Item>
              <Menu.Item onClick={() => setAsking(true)}>{t('inbox.choose_time')}</Menu.Item>
            </>
          )}
          <Menu.Label>{t('inbox.priority')}</Menu.Label>
          {priorities.map((p) => <Menu.Item key={p} aria-current={p === c.desk.priority} rightSection={p === c.desk.priority ? <IconCheck size={15} aria-hidden /> : undefined} onClick={() => step.mutate({ priority: p }, { onError: failed })}>{t(`inbox.priorities.${p}`)}</Menu.Item>)}
          {!c.spam && <Menu.Divider />}
          {!c.spam && <Menu.Item leftSection={<IconMailX size={16} aria-hidden />} onClick={() => onStep('spam')}>{t('inbox.file_as_spam')}</Menu.Item>}
        </Menu.Dropdown>
      </Menu>
      {asking && <TimeDialog title={t('inbox.snooze')} verb={t('inbox.snooze')} onClose={() => setAsking(false)} onChoose={(at) => { setAsking(false); snooze(at); }} />}
    </>
  );
}

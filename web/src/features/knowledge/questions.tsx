import { Button, Group } from '@mantine/core';
import { IconMoodSmile } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Question } from '@/api/types';
import { codeText } from '@/i18n';
import { dateTime, languageName } from '@/ui/format';
import { useNamed } from '@/ui/named';
import { Ago, Table, Tag } from '@/ui/parts';
import { Empty, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { isHarmful, VeiledLine } from '@/ui/veil';
import { useCloseQuestion, useQuestions } from './queries';

/** What customers asked and neither quick replies nor knowledge could answer. */
export function Questions({ edit, onAnswer }: { edit: boolean; onAnswer: (q: Question) => void }) {
  const { t, i18n } = useTranslation();
  const named = useNamed();
  const close = useCloseQuestion();
  // What is veiled is not read out either.
  const of = (q: Question) => [isHarmful(q.harm) ? t('veil.line') : q.text, dateTime(q.at, i18n.language)];
  return (
    <Loaded query={useQuestions()}>
      {({ items }) => items.length === 0 ? <div className="panel"><Empty title={t('knowledge.no_questions')} icon={<IconMoodSmile size={26} stroke={1.4} aria-hidden />}>{t('knowledge.no_questions_text')}</Empty></div> : (
        <Table label={t('knowledge.questions')} head={[t('knowledge.question'), t('knowledge.language'), t('knowledge.intent'), t('knowledge.asked'), '']}>
          {items.map((q) => (
            <tr key={q.id}>
              <td style={{ minWidth: 190 }}><Link to="/inbox" search={{ id: q.conversation_id }}><span className="said clip2" dir="auto" lang={q.language}><VeiledLine harmful={isHarmful(q.harm)}>{q.text || t('knowledge.gone')}</VeiledLine></span></Link></td>
              <td>{languageName(q.language, i18n.language) && <Tag>{languageName(q.language, i18n.language)}</Tag>}</td>
              <td style={{ minWidth: 120 }}>{codeText('intent', q.intent)}</td>
              <td><Ago at={q.at} /></td>
              <td>{edit && (
                <Group gap={4} wrap="nowrap" justify="flex-end">
                  <Button size="compact-sm" variant="light" {...named(t('knowledge.answer'), ...of(q))} onClick={() => onAnswer(q)}>{t('knowledge.answer')}</Button>
                  <Button size="compact-sm" variant="subtle" color="gray" loading={close.isPending && close.variables === q.id} {...named(t('knowledge.not_needed'), ...of(q))} onClick={() => close.mutate(q.id, { onSuccess: () => told(t('act.saved')), onError: failed })}>{t('knowledge.not_needed')}</Button>
                </Group>
              )}</td>
            </tr>
          ))}
        </Table>
      )}
    </Loaded>
  );
}

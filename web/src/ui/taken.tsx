import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** Says that unsaved work of before is there again, and lets it go. */
export function Taken({ onDrop }: { onDrop: () => void }) {
  const { t } = useTranslation();
  return (
    <div role="status" className="panel" style={{ display: 'flex', flexWrap: 'wrap', gap: 12, alignItems: 'center', padding: '10px 14px', marginBottom: 12 }}>
      <span style={{ flex: '1 1 16rem' }}>{t('kept.taken')}</span>
      <Button size="compact-sm" variant="default" onClick={onDrop}>{t('kept.drop')}</Button>
    </div>
  );
}

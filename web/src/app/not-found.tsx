import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Empty } from '@/ui/states';

export function NotFound() {
  const { t } = useTranslation();
  return (
    <Empty page title={t('failure.not_found.title')} action={<Link to="/">{t('nav.home')}</Link>}>
      {t('failure.page')}
    </Empty>
  );
}

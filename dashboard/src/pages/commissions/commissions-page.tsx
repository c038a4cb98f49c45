import { Outlet } from 'react-router';
import { api, bodyOf } from '../../api/client';
import { useLanguage } from '../../i18n/language';
import { FilteredList } from '../../ui/filtered-list';
import { Page } from '../../ui/page';
import { useCommissionColumns } from './commission-columns';

const PATH = '/v1/me/commissions';

export function CommissionsPage() {
  const { texts } = useLanguage();
  const words = texts.commissions;
  return (
    <Page title={words.title} intro={words.intro}>
      <FilteredList
        path={PATH}
        label={words.title}
        states={{ name: 'state', label: words.state, words: words.states }}
        words={words}
        columns={useCommissionColumns(true)}
        fetchPage={async (query) => bodyOf(await api.GET(PATH, { params: { query } }))}
      />
      <Outlet />
    </Page>
  );
}

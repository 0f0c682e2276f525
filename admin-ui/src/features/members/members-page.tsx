import { Tabs } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { GuardedButton } from '@/shared/ui/can';
import { later } from '@/shared/ui/later';
import { PageHeader } from '@/shared/ui/page-header';
import { PeopleTab } from './people-tab';

const Invite = later(() => import('./invite').then((m) => m.Invite));
const OperatorsTab = later(() => import('./operators-tab').then((m) => m.OperatorsTab));
const ReviewTab = later(() => import('./review-tab').then((m) => m.ReviewTab));
const RolesTab = later(() => import('./roles-tab').then((m) => m.RolesTab));

export interface MembersSearch {
  /** Part of a person's name or address. */
  q?: string;
  tab?: 'people' | 'roles' | 'review' | 'operators';
  member?: string;
  role?: string;
  invite?: boolean;
}

export function MembersPage({
  search,
  onSearch,
}: {
  search: MembersSearch;
  onSearch: (search: MembersSearch) => void;
}) {
  const { t } = useTranslation('members');
  return (
    <>
      <PageHeader title={t('title')} text={t('text')}>
        <GuardedButton needs="members.manage" onClick={() => onSearch({ ...search, invite: true })}>
          {t('invite.open')}
        </GuardedButton>
      </PageHeader>
      <Tabs
        value={search.tab ?? 'people'}
        onChange={(tab) => onSearch({ tab: tab as MembersSearch['tab'] })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="people">{t('people')}</Tabs.Tab>
          <Tabs.Tab value="roles">{t('roles.tab')}</Tabs.Tab>
          <Tabs.Tab value="review">{t('review.tab')}</Tabs.Tab>
          <Tabs.Tab value="operators">{t('operators.tab')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="people">
          <PeopleTab
            text={search.q}
            onText={(q) => onSearch({ ...search, q })}
            member={search.member}
            onMember={(member) => onSearch({ ...search, member })}
          />
        </Tabs.Panel>
        <Tabs.Panel value="roles">
          <RolesTab role={search.role} onRole={(role) => onSearch({ ...search, role })} />
        </Tabs.Panel>
        <Tabs.Panel value="review">
          <ReviewTab />
        </Tabs.Panel>
        <Tabs.Panel value="operators">
          <OperatorsTab />
        </Tabs.Panel>
      </Tabs>
      {search.invite && <Invite onClose={() => onSearch({ ...search, invite: undefined })} />}
    </>
  );
}

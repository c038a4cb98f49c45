import AdminJS from 'adminjs';
import type { StaffActions } from '../actions/staff-actions.js';
import type { PanelAssets } from '../http/panel-assets.js';
import type { PanelPages } from '../pages/panel-pages.js';
import { ADMIN_PATH, LOGIN_PATH, LOGOUT_PATH } from '../paths.js';
import { ListedResource } from '../resources/listed-resource.js';
import type { ResourceReader } from '../resources/resource-reader.js';
import type { ResourceSpec } from '../resources/resource-spec.js';
import { resourceOptions } from './resource-options.js';
import { BRANDING_THEME } from './theme.js';

/** AdminJS with our resources, pages and looks. Its components were bundled when the service was built. */
export function createPanel({
  assets,
  reader,
  specs,
  actions,
  pages,
}: {
  assets: PanelAssets;
  reader: ResourceReader;
  specs: ResourceSpec[];
  actions: StaffActions;
  pages: PanelPages;
}): AdminJS {
  return new AdminJS({
    rootPath: ADMIN_PATH,
    loginPath: LOGIN_PATH,
    logoutPath: LOGOUT_PATH,
    branding: {
      companyName: 'Fairshare',
      logo: assets.urlOf('logo.svg'),
      favicon: assets.urlOf('icon.svg'),
      withMadeWithLove: false,
      theme: BRANDING_THEME,
    },
    version: { admin: false },
    settings: { defaultPerPage: 25 },
    dashboard: pages.dashboard(),
    pages: pages.all(),
    resources: specs.map((spec) => ({
      resource: new ListedResource(spec, reader),
      options: resourceOptions(spec, actions.of(spec.id)),
    })),
    locale: {
      language: 'en',
      availableLanguages: ['en'],
      translations: {
        en: {
          labels: {
            ...Object.fromEntries(specs.map(({ id, name }) => [id, name])),
            dashboard: 'Today',
            pages: 'Pages',
          },
          messages: {
            pageNotFound_title: 'There is nothing here',
            pageNotFound_subtitle: 'The panel has no page at this address. It may be mistyped or out of date.',
            error404Resource: 'The panel has no such list.',
            error404Action: 'There is no such record or action, or your role does not allow it.',
            error404Record: 'There is no such record.',
            errorFetchingRecord: 'The record could not be read.',
            errorFetchingRecords: 'The list could not be read.',
          },
          pages: { 'run-preview': 'Preview of the next run', 'my-account': 'My account' },
        },
      },
    },
  });
}

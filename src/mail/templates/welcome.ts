import type { Template } from './template.js';

export const welcome: Template<'welcome'> = (facts, { texts, format, brand, site, portalUrl }) => {
  const { subject, preheader, heading, intro, link, steps } = texts.welcome;
  const rate = format.percent(facts.rateBps);
  return {
    subject: subject(brand),
    preheader: preheader(rate),
    heading: heading(facts.name),
    blocks: [
      { kind: 'paragraph', text: intro(brand, rate, facts.durationMonths) },
      { kind: 'address', label: link, url: facts.referralUrl },
      { kind: 'steps', steps },
      { kind: 'button', label: texts.dashboardButton, url: portalUrl },
      { kind: 'hint', text: texts.signInHint(site) },
    ],
  };
};

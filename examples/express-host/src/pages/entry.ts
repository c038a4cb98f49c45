import { html, type Html } from '../html.js';

export interface EntryForm {
  name?: string;
  email?: string;
  /** What was wrong with it the last time. */
  problem?: string;
}

export function signupPage({ name = '', email = '', problem }: EntryForm = {}): Html {
  return html`<form class="card entry-form" method="post" action="/signup">
    <h1>Start free</h1>
    ${problem !== undefined && html`<p class="problem" role="alert">${problem}</p>`}
    <label>Name <input name="name" value="${name}" required maxlength="100" autocomplete="name" /></label>
    <label
      >E-mail <input name="email" type="email" value="${email}" required maxlength="254" autocomplete="email"
    /></label>
    <label>Password <input name="password" type="password" required minlength="8" autocomplete="new-password" /></label>
    <button class="button">Create account</button>
    <p>You have an account? <a href="/login">Log in</a></p>
  </form>`;
}

export function loginPage({ email = '', problem }: EntryForm = {}): Html {
  return html`<form class="card entry-form" method="post" action="/login">
    <h1>Log in</h1>
    ${problem !== undefined && html`<p class="problem" role="alert">${problem}</p>`}
    <label>E-mail <input name="email" type="email" value="${email}" required autocomplete="email" /></label>
    <label>Password <input name="password" type="password" required autocomplete="current-password" /></label>
    <button class="button">Log in</button>
    <p>New here? <a href="/signup">Start free</a></p>
  </form>`;
}

// Asks the device for a passkey, and puts its answer into the form around the button. Nothing else here needs a script.
'use strict';
(() => {
  const bytes = (text) => Uint8Array.from(
    atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const ask = async (options) => {
    const key = options.publicKey;
    key.challenge = bytes(key.challenge);
    if (key.user) {
      key.user.id = bytes(key.user.id);
      key.excludeCredentials = known(key.excludeCredentials);
      return navigator.credentials.create({ publicKey: key });
    }
    key.allowCredentials = known(key.allowCredentials);
    return navigator.credentials.get({ publicKey: key });
  };

  const written = ({ id, rawId, type, response }) => {
    const answer = { clientDataJSON: text(response.clientDataJSON) };
    for (const name of ['attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
      if (response[name]) answer[name] = text(response[name]);
    }
    return JSON.stringify({ id, rawId: text(rawId), type, response: answer });
  };

  const form = document.querySelector('form[data-passkey]');
  if (!form) return;
  const show = (...names) => {
    for (const one of form.querySelectorAll('[data-when]')) one.hidden = !names.includes(one.dataset.when);
  };
  if (!window.PublicKeyCredential) {
    show('impossible');
    return;
  }
  show('possible');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (!form.reportValidity()) return;
    show('asking');
    try {
      form.elements.answer.value = written(await ask(JSON.parse(form.dataset.passkey)));
      form.submit();
    } catch (error) {
      show('possible', error.name === 'InvalidStateError' ? 'known' : 'failed');
    }
  });
  if ('atOnce' in form.dataset) form.requestSubmit();
})();

import { setNonce } from 'get-nonce';

/**
 * The nonce of this page, which the server wrote into index.html. Browsers hide the
 * attribute from scripts, but not the property.
 */
export const nonce = document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce ?? '';

// For react-remove-scroll, which dialogs use.
setNonce(nonce);

/** The whole public surface of the package; every name is described in index.d.ts. */
export { feeBpsText, maxAmountIn, minAmountOut, Pool, priceText } from './amm.js';
export { formatAmount, parseAmount } from './amount.js';
export { CoreError } from './error.js';
export { init, version } from './load.js';
export {
  buildLoginEvent,
  checkEvent,
  checkLoginEvent,
  eventId,
  generateSecretKey,
  npubDecode,
  npubEncode,
  publicKey,
  signEvent,
  verifyEvent,
} from './nostr.js';
export { Replay, replayLog, verifyCheckpoint, verifyHead } from './replay.js';

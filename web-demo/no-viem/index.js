// Privy's library takes viem as an optional peer, for wallets. This page signs in by e-mail and never gets here.
function absent() {
  throw new Error('This page is built without wallets of Privy.');
}

export {
  absent as createPublicClient,
  absent as formatEther,
  absent as formatUnits,
  absent as http,
  absent as isHex,
  absent as tempo,
  absent as tempoModerato,
  absent as toHex,
};

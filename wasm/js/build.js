/** The commit that the package was built from; assemble.mjs writes the real one. */
export const COMMIT = 'unknown';

// A security key that Chromium itself plays: it makes and uses passkeys, and counts how often it signed.
export async function plugIn(page) {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
    },
  })
  const authenticator = { signatures: 0 }
  session.on('WebAuthn.credentialAsserted', () => { authenticator.signatures += 1 })
  return authenticator
}

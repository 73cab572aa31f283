/** The issuer's sign-in page: one form, readable by a screen reader, usable without a mouse or scripts. */

export function loginPage(form: { readonly action: string; readonly failed: boolean }): string {
  const fault = form.failed
    ? '<p id="fault" role="alert">Feil brukernavn eller passord. Prøv igjen.</p>'
    : ''
  const described = form.failed ? ' aria-describedby="fault" aria-invalid="true"' : ''
  return `<!doctype html>
<html lang="nb">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Logg inn – Samsyn demo-ID</title>
<style>
body { font: 1.125rem/1.5 system-ui, sans-serif; max-width: 24rem; margin: 4rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff }
label { display: block; margin-top: 1rem; font-weight: 600 }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; border: 2px solid #555; border-radius: .25rem }
button { font: inherit; margin-top: 1.5rem; padding: .6rem 1.5rem; border: 0; border-radius: .25rem; color: #fff; background: #00508c }
:focus-visible { outline: 3px solid #b35c00; outline-offset: 2px }
[role=alert] { border-left: .25rem solid #b00020; padding-left: .75rem }
</style>
</head>
<body>
<main>
<h1>Logg inn</h1>
<p>Demo-ID: kun for syntetiske brukere.</p>
${fault}
<form method="post" action="${form.action}">
<label for="username">Brukernavn</label>
<input id="username" name="username" autocomplete="username" required autofocus${described}>
<label for="password">Passord</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${described}>
<button type="submit">Logg inn</button>
</form>
</main>
</body>
</html>`
}

// Gives this page the address of the page with the form. Back and Reload then show that page. Without this script, they
// show an error page of the browser, because this page is the response to a form.
const form = new URL(document.referrer || location.origin)
if (form.origin === location.origin) history.replaceState(null, '', form)

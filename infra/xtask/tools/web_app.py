"""A web app that signs people in with the OpenID Connect client of a well-known library, and the browser that uses it.

What the library checks by itself: state, and of the ID token signature, issuer, audience, nonce, times and `at_hash`.
"""

import html.parser
import urllib.parse

import flask
import requests
from authlib.integrations.flask_client import OAuth

HOME = "http://localhost:5173"

app = flask.Flask("app")
app.secret_key = "of this run alone"
app.testing = True
oauth = OAuth(app)


def register(client_id, found_at):
    """The client of an issuer, which answers below an address."""
    return oauth.register(
        "rapport",
        client_id=client_id,
        server_metadata_url=f"{found_at}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": "none",
        },
    )


@app.get("/sign-in")
def sign_in():
    return oauth.rapport.authorize_redirect(f"{HOME}/signed-in", **flask.request.args)


@app.get("/signed-in")
def signed_in():
    return dict(oauth.rapport.authorize_access_token())


class Forms(html.parser.HTMLParser):
    """The forms of a page: where each goes, and what can be sent with it."""

    def __init__(self, page):
        super().__init__()
        self.forms = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.forms.append({"action": attributes["action"], "fields": []})
        elif tag in ("input", "button") and "name" in attributes:
            self.forms[-1]["fields"].append((attributes["name"], attributes.get("value", "")))


def same(found, wanted):
    assert found == wanted, f"{found!r} is not {wanted!r}"


def follow(browser, url):
    """What the app answers at one of its own addresses."""
    assert url.startswith(f"{HOME}/"), url
    return browser.get(url.removeprefix(HOME))


def send(url, form, fields):
    """Sends a form, as a browser does that shows the page at the address. It does not go on by itself."""
    origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(url))
    headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
    action = urllib.parse.urljoin(url, form["action"])
    return requests.post(action, fields, headers=headers, timeout=20, allow_redirects=False)

"""A process that fails in a view and in a task: `python -m tests.vertexar.failing`."""

import django
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

SECRETS = {
    "password": "hunter2-hunter2",
    "address": "ophelia@example.org",
    "token": "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJvcGhlbGlhIn0.c2lnbmF0dXJl",
    "link": "t0ken-of-a-mail",
    "network": "203.0.113.77",
}


@csrf_exempt
def fail(request: HttpRequest, rest: str) -> HttpResponse:
    """Break with all that must not be told, in a variable and in the message."""
    password = SECRETS["password"]
    raise LookupError(
        f"no {SECRETS['address']} at {SECRETS['network']}, password={password}, "
        f"Authorization: Bearer {SECRETS['token']}, /account/verify/MQ/{SECRETS['link']}"
    )


urlpatterns = [path("fail/<path:rest>", fail)]


def main() -> None:
    """Ask for the view, do the task, and wait until the reports are away."""
    django.setup()

    import sentry_sdk
    from django.conf import settings
    from django.test import RequestFactory

    from config.celery import app
    from vertexar.wsgi import Handler

    settings.ROOT_URLCONF = __name__
    settings.ALLOWED_HOSTS = ["testserver"]

    @app.task(name="tests.fail")
    def task(address: str) -> None:
        raise ValueError(f"no letter for {address}")

    request = RequestFactory().post(
        f"/fail/account/password/MQ/{SECRETS['link']}?email={SECRETS['address']}",
        {"password": SECRETS["password"], "email": SECRETS["address"]},
        headers={
            "Authorization": f"Bearer {SECRETS['token']}",
            "Cookie": f"sessionid={SECRETS['token']}",
            "Host": "testserver",
            "X-Forwarded-For": SECRETS["network"],
            "X-Request-ID": "request-that-fails",
        },
    )
    answer = Handler()(request.environ, lambda status, headers, error=None: print)
    answer.close()
    task.apply((SECRETS["address"],))
    sentry_sdk.flush(20)


if __name__ == "__main__":
    main()

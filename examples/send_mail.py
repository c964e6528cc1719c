"""Send mail after the web page is answered, and again while the mail server is away.

Run a worker:    SMTP=mail.example.org:25 geartrain worker send_mail
Send a mail:     echo "It is sent." | python send_mail.py ann@example.org "Order 17"
"""

import os
import smtplib
import sys
from email.message import EmailMessage

from geartrain import Client, Retry, Worker

worker = Worker(codec="json")


@worker.function("mail", timeout=120)
def mail(to: str, subject: str, text: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.org", to, subject
    message.set_content(text)
    host, _, port = os.environ.get("SMTP", "localhost:25").partition(":")
    try:
        with smtplib.SMTP(host, int(port), timeout=30) as server:
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused:
        raise  # There is no such address: the job becomes a dead letter.
    except OSError as error:
        raise Retry(delay=60, error=str(error)) from error


if __name__ == "__main__":
    to, subject = sys.argv[1:]
    words = [to, subject, sys.stdin.read()]
    with Client(codec="json") as client:
        # "-": jobs with the same workload are one. Who clicks twice sends one mail.
        client.do_background("mail", words, unique="-")

"""What the studio sees of its viewers."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from arcontent import statistics
from arcontent.charts import daily_chart
from arcontent.models import DailyStat
from tests.arcontent.factories import ready_content

pytestmark = pytest.mark.django_db


def test_a_chart_draws_what_was_found_more_often_than_opened() -> None:
    content = ready_content()
    DailyStat.objects.create(content=content, day=timezone.localdate(), opened=2, found=4)

    chart = daily_chart(statistics.summary(content), days=3)

    assert re.findall(r'class="desk-opened"[^>]* height="(\d+)"', chart) == ["0", "0", "60"]
    assert re.findall(r'class="desk-found"[^>]* height="(\d+)"', chart) == ["0", "0", "120"]
    assert "opened 2, found 4" in chart


def test_numbers_older_than_the_chart_count_in_the_total_alone() -> None:
    content = ready_content()
    long_ago = timezone.localdate() - timedelta(days=100)
    DailyStat.objects.create(content=content, day=long_ago, opened=7)

    chart = daily_chart(statistics.summary(content), days=30)

    assert "<b>7</b>" in chart
    assert set(re.findall(r'class="desk-opened"[^>]* height="(\d+)"', chart)) == {"0"}

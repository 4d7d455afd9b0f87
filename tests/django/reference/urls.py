from django.conf import settings
from django.urls import path
from rest_framework_simplejwt import views

from reference.views import HelloView

urlpatterns = [
    path("api/token/", views.TokenObtainPairView.as_view()),
    path("api/token/refresh/", views.TokenRefreshView.as_view()),
    path("api/token/verify/", views.TokenVerifyView.as_view()),
    path("api/token/sliding/", views.TokenObtainSlidingView.as_view()),
    path("api/token/sliding/refresh/", views.TokenRefreshSlidingView.as_view()),
    path("hello/", HelloView.as_view()),
]
if "rest_framework_simplejwt.token_blacklist" in settings.INSTALLED_APPS:
    urlpatterns.append(path("api/token/blacklist/", views.TokenBlacklistView.as_view()))

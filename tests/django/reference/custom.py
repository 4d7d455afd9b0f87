"""Serializers as sites write them: claims of their own, and more in the answer to a login."""
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer, TokenObtainSlidingSerializer


class Custom:
    @classmethod
    def get_token(cls, user):
        token = super().get_token(user)
        token["role"] = "staff" if user.is_staff else "member"
        token["email"] = user.email
        token["name"] = user.first_name
        token["admin"] = user.is_superuser
        token["languages"] = ["de", "fr", user.username]
        token["number"] = len(user.email) * 10**12
        token["share"] = 0.5
        token["price"] = 12.75
        if user.last_name:
            token["family"] = user.last_name
        token["tenant"] = {"id": user.id, "name": user.last_name, "tags": [], "none": None}
        token["joined"] = user.date_joined.isoformat()
        return token

    def validate(self, attrs):
        data = super().validate(attrs)
        data["user"] = {"id": self.user.id, "username": self.user.username, "name": self.user.first_name,
                        "email": self.user.email or None, "seen": self.user.last_login is not None}
        data["version"] = 3
        return data


class PairSerializer(Custom, TokenObtainPairSerializer):
    pass


class SlidingSerializer(Custom, TokenObtainSlidingSerializer):
    pass

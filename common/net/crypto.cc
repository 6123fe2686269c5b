#include "common/net/crypto.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <memory>

#include "common/base/check.h"
#include "common/base/strings.h"

namespace karpenter::net {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;
using AltNames = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;

base::Error crypto_error(std::string message) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return base::invalid(std::move(message)).add("openssl", text.data());
}

std::string digest(const EVP_MD* algorithm, std::string_view data) {
  std::array<char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  KARP_CHECK(EVP_Digest(data.data(), data.size(), reinterpret_cast<unsigned char*>(out.data()), &size,
                        algorithm, nullptr) == 1);
  return {out.data(), size};
}

Bio read_bio(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_of(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

// OpenSSL asks for a passphrase on the terminal unless told otherwise.
int no_passphrase(char*, int, int, void*) { return 0; }

base::Result<Certificate> parse_certificate(std::string_view pem) {
  const auto bio = read_bio(pem);
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
  if (!certificate) return crypto_error("cannot read certificate");
  return certificate;
}

base::Result<Key> parse_key(std::string_view pem) {
  const auto bio = read_bio(pem);
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) return crypto_error("cannot read private key");
  return key;
}

bool set_time(ASN1_TIME* to, base::Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  return ASN1_TIME_set(to, static_cast<std::time_t>(seconds)) != nullptr;
}

base::Result<base::Time> read_time(const ASN1_TIME* from) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(from, &fields) != 1) return crypto_error("cannot read time of certificate");
  const auto date = std::chrono::year(fields.tm_year + 1900) / (fields.tm_mon + 1) / fields.tm_mday;
  return base::Time(std::chrono::sys_days(date)) + std::chrono::hours(fields.tm_hour) +
         std::chrono::minutes(fields.tm_min) + std::chrono::seconds(fields.tm_sec);
}

bool add_name(X509_NAME* name, const char* field, const std::string& value) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

base::Status set_subject(X509* certificate, const CertificateRequest& request) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  bool fine = true;
  for (const auto& organization : request.organizations) fine = fine && add_name(subject, "O", organization);
  fine = fine && add_name(subject, "CN", request.common_name);
  if (!fine) return crypto_error("bad subject of certificate").add("CN", request.common_name);
  return base::ok();
}

base::Status add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return crypto_error("bad extension of certificate").add("value", value);
  }
  return base::ok();
}

base::Status add_alt_names(X509* certificate, const CertificateRequest& request) {
  const AltNames names(GENERAL_NAMES_new());
  const auto add = [&](int type, const std::string& value) {
    GENERAL_NAME* name = a2i_GENERAL_NAME(nullptr, nullptr, nullptr, type, value.c_str(), 0);
    return name != nullptr && sk_GENERAL_NAME_push(names.get(), name) > 0;
  };
  for (const auto& name : request.dns_names) {
    if (!add(GEN_DNS, name)) return crypto_error("bad DNS name for certificate").add("name", name);
  }
  for (const auto& ip : request.ip_addresses) {
    if (!add(GEN_IPADD, ip)) return crypto_error("bad IP address for certificate").add("address", ip);
  }
  if (sk_GENERAL_NAME_num(names.get()) == 0) return base::ok();
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) != 1) {
    return crypto_error("cannot add names to certificate");
  }
  return base::ok();
}

base::Status add_extensions(X509* certificate, X509* issuer, const CertificateRequest& request) {
  RETURN_IF_ERROR(add_extension(certificate, issuer, NID_basic_constraints,
                                request.is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE"));
  RETURN_IF_ERROR(add_extension(certificate, issuer, NID_key_usage,
                                request.is_ca ? "critical,keyCertSign,cRLSign,digitalSignature"
                                              : "critical,digitalSignature,keyAgreement"));
  if (!request.is_ca)
    RETURN_IF_ERROR(add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth,clientAuth"));
  RETURN_IF_ERROR(add_extension(certificate, issuer, NID_subject_key_identifier, "hash"));
  return add_alt_names(certificate, request);
}

base::Status fill(X509* certificate, const CertificateRequest& request, EVP_PKEY* key) {
  std::string serial = random_bytes(16);
  serial[0] =
      static_cast<char>((static_cast<unsigned char>(serial[0]) & 0x3FU) | 0x40U);  // positive, full length
  BIGNUM* number = BN_bin2bn(reinterpret_cast<const unsigned char*>(serial.data()),
                             static_cast<int>(serial.size()), nullptr);
  KARP_CHECK(number != nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
  BN_free(number);
  X509_set_version(certificate, X509_VERSION_3);
  if (!set_time(X509_getm_notBefore(certificate), request.not_before) ||
      !set_time(X509_getm_notAfter(certificate), request.not_after)) {
    return crypto_error("bad validity of certificate");
  }
  if (X509_set_pubkey(certificate, key) != 1) return crypto_error("cannot set the key of a certificate");
  return set_subject(certificate, request);
}

base::Result<TlsIdentity> print(X509* certificate, EVP_PKEY* key) {
  const Bio cert_bio(BIO_new(BIO_s_mem()));
  const Bio key_bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(cert_bio.get(), certificate) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return crypto_error("cannot print certificate");
  }
  return TlsIdentity{.certificate_pem = text_of(cert_bio), .key_pem = text_of(key_bio)};
}

std::string common_name_of(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return "";
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (size < 0) return "";
  std::string out(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return out;
}

std::vector<std::string> dns_names_of(const X509* certificate) {
  std::vector<std::string> out;
  const AltNames names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    out.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                     static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  return out;
}

}  // namespace

std::string sha256(std::string_view data) { return digest(EVP_sha256(), data); }

std::string md5_hex(std::string_view data) { return base::hex_encode(digest(EVP_md5(), data)); }

std::string hmac_sha256(std::string_view key, std::string_view data) {
  std::array<char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  const char* key_bytes = key.empty() ? "" : key.data();  // OpenSSL reads a null key as "the previous one"
  const auto* done = HMAC(EVP_sha256(), key_bytes, static_cast<int>(key.size()),
                          reinterpret_cast<const unsigned char*>(data.data()), data.size(),
                          reinterpret_cast<unsigned char*>(out.data()), &size);
  KARP_CHECK(done != nullptr);
  return {out.data(), size};
}

std::string random_bytes(std::size_t n) {
  std::string out(n, '\0');
  KARP_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(n)) == 1);
  return out;
}

base::Result<TlsIdentity> make_certificate(const CertificateRequest& request, const TlsIdentity& issuer) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  if (!key || !certificate) return crypto_error("cannot make a key");
  RETURN_IF_ERROR(fill(certificate.get(), request, key.get()));
  const bool self_signed = issuer.certificate_pem.empty();
  Certificate parent;
  Key parent_key;
  if (!self_signed) {
    ASSIGN_OR_RETURN(parent, parse_certificate(issuer.certificate_pem));
    ASSIGN_OR_RETURN(parent_key, parse_key(issuer.key_pem));
  }
  X509* signer = self_signed ? certificate.get() : parent.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  RETURN_IF_ERROR(add_extensions(certificate.get(), signer, request));
  if (X509_sign(certificate.get(), self_signed ? key.get() : parent_key.get(), EVP_sha256()) == 0) {
    return crypto_error("cannot sign certificate");
  }
  return print(certificate.get(), key.get());
}

base::Result<CertificateFacts> read_certificate(std::string_view pem) {
  ASSIGN_OR_RETURN(const auto certificate, parse_certificate(pem));
  CertificateFacts facts;
  facts.common_name = common_name_of(certificate.get());
  facts.dns_names = dns_names_of(certificate.get());
  ASSIGN_OR_RETURN(facts.not_before, read_time(X509_get0_notBefore(certificate.get())));
  ASSIGN_OR_RETURN(facts.not_after, read_time(X509_get0_notAfter(certificate.get())));
  facts.is_ca = X509_check_ca(certificate.get()) != 0;
  return facts;
}

std::vector<std::string> split_certificates(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
  std::vector<std::string> out;
  for (;;) {
    const auto begin = pem.find(kBegin);
    const auto end = begin == pem.npos ? pem.npos : pem.find(kEnd, begin);
    if (end == pem.npos) return out;
    out.push_back(std::string(pem.substr(begin, end + kEnd.size() - begin)) + "\n");
    pem.remove_prefix(end + kEnd.size());
  }
}

bool is_signed_by(std::string_view pem, std::string_view ca_pem) {
  const auto certificate = parse_certificate(pem);
  const auto ca = parse_certificate(ca_pem);
  const bool match = certificate && ca && X509_check_issued(ca->get(), certificate->get()) == X509_V_OK &&
                     X509_verify(certificate->get(), X509_get0_pubkey(ca->get())) == 1;
  ERR_clear_error();
  return match;
}

bool is_pair(std::string_view certificate_pem, std::string_view key_pem) {
  const auto certificate = parse_certificate(certificate_pem);
  const auto key = parse_key(key_pem);
  const bool match = certificate && key && X509_check_private_key(certificate->get(), key->get()) == 1;
  ERR_clear_error();
  return match;
}

}  // namespace karpenter::net

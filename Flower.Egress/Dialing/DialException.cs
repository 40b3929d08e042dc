// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Egress.Dialing;

/// <summary>A connection could not be made. The message is what the client is told.</summary>
internal sealed class DialException(string message) : Exception(message);

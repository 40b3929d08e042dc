// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Resolver;

/// <summary>A question cannot be answered at the moment. The message is what the client is told.</summary>
internal sealed class NameException(string message, Exception? innerException = null) : Exception(message, innerException);

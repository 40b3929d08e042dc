// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.CommandLine;

/// <summary>A tool cannot go on. The message says what the user can do.</summary>
/// <param name="code">The exit code: one of <see cref="ExitCodes"/>.</param>
/// <param name="message">One line.</param>
/// <param name="innerException">What caused it, if anything.</param>
public sealed class ToolException(int code, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>The exit code.</summary>
    public int Code { get; } = code;
}
